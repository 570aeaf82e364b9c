//! The phases of a connection, with the deadline of each and the bytes that each may read.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

/// The largest head of a request. StackOne's heads have less than 1 KiB; without this limit actix
/// would hold 128 KiB of each connection, whoever its peer is.
pub(crate) const MAX_HEAD_BYTES: usize = 16 * 1024;
/// How long the peer may take to read the answer of a connection that the service closes.
pub(crate) const DISCONNECT_DEADLINE: Duration = Duration::from_secs(3);

/// How long the peer may read nothing of an answer that waits for it.
pub(crate) const ANSWER_DEADLINE: Duration = Duration::from_secs(30);

/// How long a connection may wait for its peer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    /// For a head, from its first byte.
    pub(crate) head: Duration,
    /// For the first byte of the next head.
    pub(crate) keep_alive: Duration,
    /// For the peer to read some more of an answer.
    pub(crate) answer: Duration,
}

/// The phase of one connection, shared by its stream and its requests.
#[derive(Debug, Clone)]
pub(crate) struct Phase {
    deadlines: Deadlines,
    state: Rc<Cell<State>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The connection waits for a head, of which `bytes` have come.
    Head { bytes: usize, until: Instant },
    /// A head has reached the largest size. It may be complete, so the parser looks at it before
    /// more is read.
    FullHead { until: Instant },
    /// A request is being served; the service gives it deadlines of its own.
    Request,
    /// The last answer was given. Further bytes are read and discarded.
    Closing { until: Instant },
}

/// How much may be read now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// So many bytes, which [`Phase::read`] counts.
    Head(usize),
    /// Nothing until the parser has looked at what was read.
    LookFirst,
    /// Nothing any more: the parser has looked, and the head is not complete.
    None,
    /// Any number of bytes.
    Any,
}

impl Phase {
    /// Makes the phase of a connection that waits for its first head from `now` on.
    pub(crate) fn new(deadlines: Deadlines, now: Instant) -> Self {
        let first = State::Head {
            bytes: 0,
            until: now + deadlines.head,
        };
        Self {
            deadlines,
            state: Rc::new(Cell::new(first)),
        }
    }

    /// Returns when the present phase has taken too long; `None` where it has no deadline.
    pub(crate) fn until(&self) -> Option<Instant> {
        match self.state.get() {
            State::Head { until, .. } | State::FullHead { until } | State::Closing { until } => {
                Some(until)
            }
            State::Request => None,
        }
    }

    /// Returns how long the peer may read nothing of an answer.
    pub(crate) fn answer_deadline(&self) -> Duration {
        self.deadlines.answer
    }

    /// Returns whether the last answer was given.
    pub(crate) fn is_closing(&self) -> bool {
        matches!(self.state.get(), State::Closing { .. })
    }

    /// Returns how much may be read now. A caller that got [`Room::LookFirst`] has looked when it
    /// asks again.
    pub(crate) fn room(&self) -> Room {
        match self.state.get() {
            State::Head { bytes, until } if bytes >= MAX_HEAD_BYTES => {
                self.state.set(State::FullHead { until });
                Room::LookFirst
            }
            State::Head { bytes, .. } => Room::Head(MAX_HEAD_BYTES - bytes),
            State::FullHead { .. } => Room::None,
            State::Request | State::Closing { .. } => Room::Any,
        }
    }

    /// Counts bytes of a head that were read.
    pub(crate) fn read(&self, more: usize, now: Instant) {
        if let State::Head { bytes, until } = self.state.get() {
            let until = if bytes == 0 {
                until.min(now + self.deadlines.head)
            } else {
                until
            };
            let bytes = bytes + more;
            self.state.set(State::Head { bytes, until });
        }
    }

    /// A head is complete, and its request is being served.
    pub(crate) fn serves(&self) {
        if !self.is_closing() {
            self.state.set(State::Request);
        }
    }

    /// The request was answered, and the next head may come.
    pub(crate) fn waits(&self, now: Instant) {
        if !self.is_closing() {
            // The first bytes of the next head may have been read with the last request, and then
            // are not seen here.
            let until = now + self.deadlines.keep_alive + self.deadlines.head;
            self.state.set(State::Head { bytes: 0, until });
        }
    }

    /// The last answer was given. A connection that is closing already keeps its deadline.
    pub(crate) fn closes(&self, now: Instant) {
        if !self.is_closing() {
            let until = now + DISCONNECT_DEADLINE;
            self.state.set(State::Closing { until });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const DEADLINES: Deadlines = Deadlines {
        head: SECOND,
        keep_alive: Duration::from_secs(60),
        answer: Duration::from_secs(30),
    };

    #[test]
    fn every_head_has_its_time_and_no_more_bytes_than_it_may() {
        let start = Instant::now();
        let phase = Phase::new(DEADLINES, start);
        assert_eq!(
            phase.until(),
            Some(start + SECOND),
            "the first, also unsaid"
        );
        phase.read(1, start + SECOND / 2);
        assert_eq!(phase.until(), Some(start + SECOND), "not anew");
        assert_eq!(phase.room(), Room::Head(MAX_HEAD_BYTES - 1));
        phase.serves();
        assert_eq!((phase.until(), phase.room()), (None, Room::Any));
        phase.waits(start);
        assert_eq!(phase.until(), Some(start + 61 * SECOND));
        let later = start + 50 * SECOND;
        phase.read(1, later);
        phase.read(MAX_HEAD_BYTES - 1, later + SECOND / 2);
        assert_eq!(phase.until(), Some(later + SECOND), "from its first byte");
        assert_eq!((phase.room(), phase.room()), (Room::LookFirst, Room::None));
    }

    #[test]
    fn a_head_that_was_complete_after_all_is_served() {
        let phase = Phase::new(DEADLINES, Instant::now());
        phase.read(MAX_HEAD_BYTES, Instant::now());
        assert_eq!(phase.room(), Room::LookFirst);
        phase.serves();
        assert_eq!(phase.room(), Room::Any);
    }

    #[test]
    fn a_connection_that_closes_is_not_brought_back_by_what_is_asked_of_it() {
        let start = Instant::now();
        let phase = Phase::new(DEADLINES, start);
        phase.closes(start);
        phase.serves();
        phase.waits(start + SECOND);
        phase.closes(start + SECOND);
        assert!(phase.is_closing());
        assert_eq!(phase.until(), Some(start + DISCONNECT_DEADLINE));
        assert_eq!(phase.room(), Room::Any);
    }
}
