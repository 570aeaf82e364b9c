//! Decides when a project is listed next. Pure.

use std::time::Duration;

use jiff::Timestamp;

/// The shortest time from one beginning to the next, where the interval is longer.
const LEAST_SPACING: Duration = Duration::from_secs(5 * 60);
/// The first runs of projects without a known list are spread over this time.
const SPREAD: Duration = Duration::from_secs(5 * 60);
/// A list is overdue this long after two intervals, as the alert `StackOneResyncOverdue` has it.
const OVERDUE: Duration = Duration::from_secs(15 * 60);
/// A list that always fails is begun this often in an interval.
const TRIES: u32 = 4;

/// When a project was last listed, by whichever process, according to the markers on the topic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct History {
    /// When a list last began.
    pub began: Option<Timestamp>,
    /// When a list was last complete.
    pub completed: Option<Timestamp>,
}

impl History {
    /// Returns the later dates of both.
    #[must_use]
    pub fn merged(self, other: Self) -> Self {
        Self {
            began: self.began.max(other.began),
            completed: self.completed.max(other.completed),
        }
    }

    /// Caps the dates at `now`. A later date comes from a clock that was ahead, and would put the
    /// next list off.
    #[must_use]
    pub fn not_after(self, now: Timestamp) -> Self {
        Self {
            began: self.began.map(|began| began.min(now)),
            completed: self.completed.map(|completed| completed.min(now)),
        }
    }
}

/// How often a project is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    interval: Duration,
}

impl Schedule {
    /// Sets the interval from one complete list to the next.
    #[must_use]
    pub const fn every(interval: Duration) -> Self {
        Self { interval }
    }

    /// Returns the shortest time from one beginning to the next, of whichever process. So neither a
    /// process that crashes over and over nor a list that always fails causes a storm of lists.
    #[must_use]
    pub fn spacing(self) -> Duration {
        (self.interval / TRIES)
            .max(LEAST_SPACING)
            .min(self.interval)
    }

    /// Returns how far back markers are read. A list that was complete earlier is overdue.
    #[must_use]
    pub fn look_back(self) -> Duration {
        self.interval.saturating_mul(2).saturating_add(OVERDUE)
    }

    /// Returns when a list is due: an interval after the last complete one. Where none is known,
    /// `turn` is when the project's first list begins.
    #[must_use]
    pub fn due_at(self, history: History, turn: Timestamp) -> Timestamp {
        let due = history
            .completed
            .map_or(turn, |completed| after(completed, self.interval));
        let earliest = history.began.map(|began| after(began, self.spacing()));
        earliest.map_or(due, |earliest| earliest.max(due))
    }

    /// Returns when each project's first list begins, where no list is known. The first of them
    /// begins at once, so that a process that never lives for long lists another project each time.
    /// Where markers could not be read (`is_known`), none begins at once.
    #[must_use]
    pub fn turns(self, histories: &[History], is_known: bool, now: Timestamp) -> Vec<Timestamp> {
        let spread = SPREAD.min(self.interval);
        let is_new = |history: &&History| **history == History::default();
        let new = histories.iter().filter(is_new).count();
        let apart = spread / u32::try_from(new.max(1)).unwrap_or(u32::MAX);
        let mut next = if is_known { now } else { after(now, spread) };
        let turn = |history: &History| {
            let turn = next;
            if *history == History::default() {
                next = after(next, apart);
            }
            turn
        };
        histories.iter().map(turn).collect()
    }
}

fn after(time: Timestamp, wait: Duration) -> Timestamp {
    time.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);

    /// Returns this many minutes after a fixed time.
    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_772_614_800 + minutes * 60).unwrap()
    }

    fn history(began: Option<i64>, completed: Option<i64>) -> History {
        History {
            began: began.map(at),
            completed: completed.map(at),
        }
    }

    #[test]
    fn a_list_is_due_an_interval_after_the_last_complete_one_and_never_soon_after_one_began() {
        let (hour, eight_minutes) = (HOUR, Duration::from_secs(8 * 60));
        let rows = [
            ("nothing is known: when it is its turn", hour, None, None, 3),
            ("complete", hour, Some(-10), Some(-9), 51),
            (
                "complete, its beginning not known",
                hour,
                None,
                Some(-9),
                51,
            ),
            (
                "complete long ago: at once",
                hour,
                Some(-601),
                Some(-600),
                -540,
            ),
            ("failed", hour, Some(-10), None, 5),
            (
                "failed long ago: when it is its turn",
                hour,
                Some(-60),
                None,
                3,
            ),
            (
                "failed after one that was complete",
                hour,
                Some(-1),
                Some(-70),
                14,
            ),
            ("began while one was not due", hour, Some(-1), Some(-2), 58),
            (
                "a quarter would be less than 5 min",
                eight_minutes,
                Some(-1),
                None,
                4,
            ),
        ];
        for (what, interval, began, completed, due) in rows {
            let schedule = Schedule::every(interval);
            let due_at = schedule.due_at(history(began, completed), at(3));
            assert_eq!(due_at, at(due), "{what}");
        }
    }

    #[test]
    fn an_interval_shorter_than_the_least_spacing_is_kept() {
        let minute = Schedule::every(Duration::from_secs(60));
        assert_eq!(minute.due_at(history(Some(0), Some(0)), at(0)), at(1));
        assert_eq!(minute.due_at(history(Some(0), None), at(0)), at(1));
    }

    #[test]
    fn projects_of_which_no_list_is_known_begin_one_after_the_other_and_the_first_at_once() {
        let (new, listed) = (History::default(), history(Some(-10), None));
        let schedule = Schedule::every(HOUR);
        let minutes = |histories: &[History], is_known| {
            let turns = schedule.turns(histories, is_known, at(0));
            turns
                .into_iter()
                .map(|turn| turn.duration_since(at(0)).as_secs())
                .collect::<Vec<_>>()
        };
        assert_eq!(minutes(&[new], true), [0]);
        assert_eq!(minutes(&[new, new, new], true), [0, 100, 200]);
        assert_eq!(minutes(&[listed, new, listed, new], true), [0, 0, 150, 150]);
        assert_eq!(minutes(&[new, new], false), [300, 450], "nothing is known");
    }

    #[test]
    fn a_marker_by_a_clock_ahead_of_ours_puts_no_list_off() {
        let ahead = history(Some(600), Some(600)).not_after(at(0));
        assert_eq!(ahead, history(Some(0), Some(0)));
        let behind = history(Some(-1), None);
        assert_eq!(behind.not_after(at(0)), behind);
    }

    #[test]
    fn an_interval_beyond_all_dates_is_never_due() {
        let schedule = Schedule::every(Duration::MAX);
        let due_at = schedule.due_at(history(Some(0), Some(0)), at(0));
        assert_eq!(due_at, Timestamp::MAX);
    }
}
