//! How many connections the operating system lets the process have, besides what else it opens.

/// Left for what is no webhook's connection: brokers, the operators' listener, secrets and certificates that are read
/// again, logs, the collector of traces.
const RESERVED: u64 = 256;

/// Raises the soft limit of open files (`RLIMIT_NOFILE`) to the hard one, and says how many of `wanted` connections there
/// is room for. Told by a warning where that is fewer: those beyond it would take what the connections to the brokers need.
pub(crate) fn room_for_connections(wanted: usize) -> usize {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files) => {
            let room = room(wanted, files);
            if room < wanted {
                tracing::warn!(
                    open_files = files,
                    needed = needed(wanted),
                    connections = room,
                    "the limit of open files (ulimit -n) is too low for server.max_connections; raise it, or lower that"
                );
            }
            room
        }
        Err(error) => {
            tracing::warn!(%error, "the limit of open files is not known");
            wanted
        }
    }
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
}
