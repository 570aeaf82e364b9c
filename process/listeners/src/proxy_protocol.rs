//! Recognizes the PROXY protocol, by which some balancers name their client before the client's own
//! bytes. The listeners do not speak it: a request is authenticated by its own contents. They name
//! it in the log, since otherwise an operator only sees that nothing works.
//!
//! <https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt>, sections 2.1 and 2.2.

use std::time::{Duration, Instant};

use stackone_link_process::log_limit::Throttled;

/// The beginning of a header of version 1.
const TEXT: &[u8] = b"PROXY ";
/// The beginning of a header of version 2.
const BINARY: &[u8; LONGEST] = b"\r\n\r\n\0\r\nQUIT\n";
/// How many bytes of a connection decide whether it begins so.
pub(crate) const LONGEST: usize = 12;

/// Limits the log line: a balancer sends the header on each of its connections, health checks
/// included.
static LOG: Throttled<()> = Throttled::new(1, Duration::from_secs(60));

/// Returns whether `opening` begins with a header of the PROXY protocol.
pub(crate) fn begins(opening: &[u8]) -> bool {
    opening.starts_with(TEXT) || opening.starts_with(BINARY)
}

/// The first bytes of a connection, collected from however many reads they take.
#[derive(Debug, Default)]
pub(crate) struct Opening {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Opening {
    /// Adds the bytes of a read. Returns whether the connection is now known to begin with the
    /// PROXY protocol.
    pub(crate) fn is_proxy_protocol(&mut self, next: &[u8]) -> bool {
        let room = &mut self.bytes[self.length..];
        let taken = room.len().min(next.len());
        if taken == 0 {
            return false;
        }
        room[..taken].copy_from_slice(&next[..taken]);
        self.length += taken;
        begins(&self.bytes[..self.length])
    }
}

/// Logs the fault, once a minute at most.
pub(crate) fn log() {
    if let Some(suppressed) = LOG.allow((), Instant::now()) {
        tracing::warn!(
            suppressed,
            "connections to the public listener begin with the PROXY protocol, which it does not speak: no request gets \
             through. Switch it off at the balancer in front of it; docs/answers.md says how"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION_1: &[u8] = b"PROXY TCP4 192.0.2.1 192.0.2.2 5000 443\r\nPOST / HTTP/1.1\r\n";
    const VERSION_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c";

    #[test]
    fn the_proxy_protocol_is_recognized_however_its_bytes_come_and_nothing_else_is_taken_for_it() {
        for piece in [1, 5, 7, 100] {
            for (bytes, expected) in [
                (VERSION_1, true),
                (VERSION_2, true),
                (b"PROXY", false),
                (b"POST /PROXY TCP4 HTTP/1.1\r\n", false),
                (b"\r\n\r\nPOST / HTTP/1.1\r\n\r\nPROXY TCP4", false),
                (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\0\0", false),
            ] {
                let mut opening = Opening::default();
                let mut pieces = bytes.chunks(piece);
                let found = pieces.any(|next| opening.is_proxy_protocol(next));
                assert_eq!(found, expected, "{bytes:?} in pieces of {piece}");
            }
        }
    }
}
