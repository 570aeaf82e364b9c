//! The PROXY protocol, by which some balancers tell who their client is before the client's own bytes. It is not spoken here:
//! who sends a request is told by what authenticates it. It is recognized, since all that is seen of it otherwise is that nothing works.
//!
//! <https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt>, sections 2.1 and 2.2.

use std::time::{Duration, Instant};

use stackone_link_process::log_limit::Throttled;

/// What version 1 begins with.
const TEXT: &[u8] = b"PROXY ";
/// What version 2 begins with.
const BINARY: &[u8; LONGEST] = b"\r\n\r\n\0\r\nQUIT\n";
/// How many bytes of a connection are needed to tell.
pub(crate) const LONGEST: usize = 12;

/// A balancer does this with each of its connections, health checks included.
static LOG: Throttled<()> = Throttled::new(1, Duration::from_secs(60));

/// Whether a connection that begins so begins with the PROXY protocol.
pub(crate) fn begins(opening: &[u8]) -> bool {
    opening.starts_with(TEXT) || opening.starts_with(BINARY)
}

/// The first bytes of a connection, however they come.
#[derive(Debug, Default)]
pub(crate) struct Opening {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Opening {
    /// Takes in what came next; whether it is known now that the connection begins with the PROXY protocol.
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

/// Names it, once a minute at most.
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
    fn it_is_recognized_however_its_bytes_come_and_nothing_else_is_taken_for_it() {
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
