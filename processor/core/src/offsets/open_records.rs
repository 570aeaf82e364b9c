//! Decides whether more records are consumed. Pure.
//!
//! An open record is kept. Nothing else bounds their number while Kafka can be read and not
//! written, or while dead letters are refused.

/// Open records: neither decided nor written as pending, so no commit passes them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Open {
    /// How many records are open.
    pub records: usize,
    /// Their bytes, although of most records no bytes are kept in memory.
    pub bytes: usize,
}

impl std::iter::Sum for Open {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            records: sum.records + one.records,
            bytes: sum.bytes + one.bytes,
        })
    }
}

/// The change of consumption that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntakeSwitch {
    /// Consume no more records.
    Pause,
    /// Consume records again.
    Resume,
}

/// Keeps open records within a limit. At the limit consumption pauses until half of it is left,
/// because each pause discards what the client has read ahead.
#[derive(Debug, Clone, Copy)]
pub struct OpenLimit {
    most: Open,
    is_reached: bool,
}

impl OpenLimit {
    /// Starts below the limit `most`.
    #[must_use]
    pub const fn new(most: Open) -> Self {
        Self {
            most,
            is_reached: false,
        }
    }

    /// Whether consumption is paused.
    #[must_use]
    pub const fn is_reached(&self) -> bool {
        self.is_reached
    }

    /// Returns the change that is due now that `open` records are open.
    pub const fn turn(&mut self, open: Open) -> Option<IntakeSwitch> {
        let Open { records, bytes } = self.most;
        if !self.is_reached && (open.records >= records || open.bytes >= bytes) {
            self.is_reached = true;
            return Some(IntakeSwitch::Pause);
        }
        if self.is_reached && open.records <= records / 2 && open.bytes <= bytes / 2 {
            self.is_reached = false;
            return Some(IntakeSwitch::Resume);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn open(records: usize, bytes: usize) -> Open {
        Open { records, bytes }
    }

    #[test]
    fn intake_pauses_at_either_limit_and_goes_on_when_half_of_both_is_left() {
        let mut limit = OpenLimit::new(open(10, 1000));
        for (now, expected) in [
            (open(9, 999), None),
            (open(10, 0), Some(IntakeSwitch::Pause)),
            (open(11, 0), None),
            (open(6, 0), None),
            (open(5, 501), None),
            (open(5, 500), Some(IntakeSwitch::Resume)),
            (open(9, 999), None),
            (open(1, 1000), Some(IntakeSwitch::Pause)),
            (open(0, 0), Some(IntakeSwitch::Resume)),
        ] {
            assert_eq!(limit.turn(now), expected, "{now:?}");
        }
    }

    #[test]
    fn the_least_limit_lets_one_record_through_at_a_time() {
        let mut limit = OpenLimit::new(open(1, 1));
        assert_eq!(limit.turn(open(1, 1000)), Some(IntakeSwitch::Pause));
        assert!(limit.is_reached());
        assert_eq!(limit.turn(open(0, 0)), Some(IntakeSwitch::Resume));
        assert!(!limit.is_reached());
    }
}
