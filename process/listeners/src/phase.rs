//! What a connection is doing, and how long and how large that may be.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

/// How much of a request's head is read before it is complete. StackOne's take less than one kilobyte; actix would hold
/// 128 of each connection, whoever is at its other end.
pub(crate) const MAX_HEAD_BYTES: usize = 16 * 1024;
/// How long a connection that we close may take to read our answer.
pub(crate) const DISCONNECT_DEADLINE: Duration = Duration::from_secs(3);

/// How long the other end may take nothing of an answer that waits for it.
pub(crate) const ANSWER_DEADLINE: Duration = Duration::from_secs(30);

/// How long a connection may wait for its other end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    /// For a head, from its first byte.
    pub(crate) head: Duration,
    /// For the first byte of the next one.
    pub(crate) keep_alive: Duration,
    /// For the other end to take some more of an answer.
    pub(crate) answer: Duration,
}

/// The phase of one connection, as its stream and its requests know it.
#[derive(Debug, Clone)]
pub(crate) struct Phase {
    deadlines: Deadlines,
    state: Rc<Cell<State>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A head is waited for, of which so many bytes have come.
    Head { bytes: usize, until: Instant },
    /// The bytes of a head that is as large as it may be have to be looked at before more are read: it may be complete.
    FullHead { until: Instant },
    /// A request is being served; it has deadlines of its own.
    Request,
    /// The last answer has been given: what comes now is of no interest.
    Closing { until: Instant },
}

/// What may be read now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// So many bytes, counted by [`Phase::read`].
    Head(usize),
    /// Nothing before what was read has been looked at.
    LookFirst,
    /// Nothing more: it was looked at, and is no head yet.
    None,
    /// Whatever comes.
    Any,
}

impl Phase {
    /// A connection whose first head is waited for from `now` on.
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

    /// When what it is doing has taken too long.
    pub(crate) fn until(&self) -> Option<Instant> {
        match self.state.get() {
            State::Head { until, .. } | State::FullHead { until } | State::Closing { until } => {
                Some(until)
            }
            State::Request => None,
        }
    }

    /// How long its other end may take nothing of an answer.
    pub(crate) fn answer_deadline(&self) -> Duration {
        self.deadlines.answer
    }

    /// Whether its last answer has been given.
    pub(crate) fn is_closing(&self) -> bool {
        matches!(self.state.get(), State::Closing { .. })
    }

    /// What may be read now. Who is told to look first is taken to have done so when it asks again.
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

    /// So many bytes of a head were read.
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

    /// A head was complete, and its request is being served.
    pub(crate) fn serves(&self) {
        if !self.is_closing() {
            self.state.set(State::Request);
        }
    }

    /// It was answered, and the next one may come.
    pub(crate) fn waits(&self, now: Instant) {
        if !self.is_closing() {
            // Some of the next head may have been read already. Then its first byte is not seen here.
            let until = now + self.deadlines.keep_alive + self.deadlines.head;
            self.state.set(State::Head { bytes: 0, until });
        }
    }

    /// The last answer has been given. What was given up stays so, whatever is asked after it.
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
    fn what_closes_is_not_brought_back_by_what_is_asked_after_it() {
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
