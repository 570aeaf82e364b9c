use super::*;

const STALL: Duration = Duration::from_secs(10);

/// A watchdog, its clock, and what the producer has counted.
struct Watched {
    watchdog: Watchdog,
    now: Instant,
    seen: Seen,
}

impl Watched {
    fn new() -> Self {
        Self {
            watchdog: Watchdog::new(STALL),
            now: Instant::now(),
            seen: Seen::default(),
        }
    }

    fn after(&mut self, seconds: u64) -> Option<Reason> {
        self.now += Duration::from_secs(seconds);
        self.watchdog.look(self.now, self.seen)
    }

    fn sent(&mut self) {
        self.seen.attempted += 1;
    }

    /// Acknowledged, or refused by a broker.
    fn told(&mut self) {
        self.seen.finished += 1;
        self.seen.told += 1;
    }

    fn given_up(&mut self) {
        self.seen.finished += 1;
    }
}

#[test]
fn silence_while_nobody_waits_is_no_stall() {
    let mut watched = Watched::new();
    assert_eq!(watched.after(3600), None);
    watched.sent();
    assert_eq!(watched.after(1), None, "the first in an hour");
    watched.told();
    assert_eq!(watched.after(3600), None);
}

#[test]
fn a_record_in_flight_for_too_long_is_a_stall_and_then_the_time_starts_anew() {
    let mut watched = Watched::new();
    watched.sent();
    assert_eq!(watched.after(0), None);
    assert_eq!(watched.after(9), None);
    assert_eq!(watched.after(1), Some(Reason::Stalled));
    assert_eq!(watched.after(1), None, "rebuilt once");
    assert_eq!(watched.after(9), None);
    assert_eq!(watched.after(1), Some(Reason::Stalled));
}

#[test]
fn whatever_a_broker_says_is_progress() {
    let mut watched = Watched::new();
    watched.sent();
    for _ in 0..100 {
        watched.sent();
        assert_eq!(watched.after(5), None);
        watched.told();
    }
}

#[test]
fn requests_that_give_up_do_not_hide_a_stall() {
    let mut watched = Watched::new();
    watched.sent();
    assert_eq!(watched.after(1), None);
    watched.given_up();
    assert_eq!(watched.after(60), None, "nobody waits now");
    watched.sent();
    assert_eq!(watched.after(1), Some(Reason::Stalled));
}

#[test]
fn a_record_that_came_and_went_between_two_looks_counts() {
    let mut watched = Watched::new();
    watched.sent();
    watched.given_up();
    assert_eq!(watched.after(1), None);
    watched.sent();
    assert_eq!(watched.after(10), Some(Reason::Stalled));
}

#[test]
fn a_failed_producer_is_rebuilt_although_nobody_waits() {
    let mut watched = Watched::new();
    watched.seen.failed = true;
    assert_eq!(watched.after(0), Some(Reason::Failed));
    watched.seen.failed = false;
    assert_eq!(watched.after(60), None);
}
