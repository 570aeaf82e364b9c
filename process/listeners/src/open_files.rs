//! How many connections the operating system lets the process have, besides what else it opens.

use std::io;

/// Left for what is no connection to the public listener: brokers, the operators' listener, secrets
/// and certificates that are read again, logs, the collector of traces.
const RESERVED: u64 = 256;

/// Raises the soft limit of open files (`RLIMIT_NOFILE`) to the hard one, and takes from
/// `max_connections` those for which that leaves no room: they would use up what the connections to
/// the brokers need. A peer keeps its part of them. Told by a warning.
pub fn make_room(max_connections: &mut usize, max_connections_per_peer: &mut usize) {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files) => {
            let wanted = *max_connections;
            let connections = room(wanted, files);
            *max_connections = connections;
            if connections < wanted {
                *max_connections_per_peer = part(*max_connections_per_peer, connections, wanted);
                tracing::warn!(
                    open_files = files,
                    needed = needed(wanted),
                    connections,
                    connections_per_peer = *max_connections_per_peer,
                    "the limit of open files (ulimit -n) is too low for server.max_connections; raise it, or lower that"
                );
            }
        }
        Err(error) => tracing::warn!(%error, "the limit of open files is not known"),
    }
}

/// What the operating system lets a process open, and what connections need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenFiles {
    /// The hard limit, which [`make_room`] raises the soft one to.
    pub allowed: u64,
    /// For all connections at once, and what else the process opens.
    pub needed: u64,
}

impl OpenFiles {
    /// What so many connections need of this process.
    ///
    /// # Errors
    ///
    /// Where the operating system does not tell its limit.
    pub fn of(max_connections: usize) -> io::Result<Self> {
        let (_, allowed) = rlimit::Resource::NOFILE.get()?;
        let needed = needed(max_connections);
        Ok(Self { allowed, needed })
    }
}

/// As much of `connections` as `amount` was of `wanted`: one at least.
fn part(amount: usize, connections: usize, wanted: usize) -> usize {
    (amount.saturating_mul(connections) / wanted.max(1)).clamp(1, connections)
}

/// The connections that so many open files leave room for: one at least, `wanted` at most.
fn room(wanted: usize, files: u64) -> usize {
    let room = usize::try_from(files.saturating_sub(RESERVED)).unwrap_or(usize::MAX);
    room.clamp(1, wanted.max(1))
}

fn needed(connections: usize) -> u64 {
    u64::try_from(connections).map_or(u64::MAX, |connections| connections.saturating_add(RESERVED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_files_are_left_for_what_is_no_connection() {
        for (files, connections) in [
            (u64::MAX, 1000),
            (1256, 1000),
            (1255, 999),
            (1024, 768),
            (256, 1),
            (0, 1),
        ] {
            assert_eq!(room(1000, files), connections, "{files}");
        }
        assert_eq!(needed(1000), 1256);
    }

    #[test]
    fn a_peer_keeps_its_part_of_fewer_connections() {
        for (amount, connections, part_of_them) in
            [(4096, 768, 192), (16_384, 768, 768), (1, 768, 1)]
        {
            assert_eq!(part(amount, connections, 16_384), part_of_them);
        }
    }
}
