//! Whether more records are taken in. Pure.
//!
//! A record that is neither decided nor written down is kept, and nothing bounds how many come while Kafka can be read and
//! not written, or while dead letters are refused.

/// Records that are neither decided nor written down, so that no commit passes them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Open {
    /// How many.
    pub records: usize,
    /// Of how many bytes, though of most no bytes are kept.
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

/// What is done about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntakeSwitch {
    /// No more is taken in.
    Pause,
    /// Taking in goes on.
    Resume,
}

/// Keeps them within a limit. Once it is reached, nothing is taken in until no more than half of it is left: each turn has
/// the client throw away what it read ahead.
#[derive(Debug, Clone, Copy)]
pub struct OpenLimit {
    most: Open,
    is_reached: bool,
}

impl OpenLimit {
    /// A limit that is not reached.
    #[must_use]
    pub const fn new(most: Open) -> Self {
        Self {
            most,
            is_reached: false,
        }
    }

    /// Whether nothing is taken in.
    #[must_use]
    pub const fn is_reached(&self) -> bool {
        self.is_reached
    }

    /// What has to be done now that `open` are open.
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
