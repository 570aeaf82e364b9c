use proptest::prelude::*;

use super::*;

/// A crowd, and its clock.
struct Watched {
    crowd: Crowd,
    now: Instant,
    under_way: u32,
}

impl Watched {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            crowd: Crowd::new(now),
            now,
            under_way: 0,
        }
    }

    /// So many are under way for so long.
    fn holds(&mut self, under_way: u32, time: Duration) -> bool {
        while self.under_way < under_way {
            self.crowd.joined(self.now);
            self.under_way += 1;
        }
        while self.under_way > under_way {
            self.crowd.left(self.now);
            self.under_way -= 1;
        }
        self.now += time;
        self.crowd.is_batching(self.now)
    }
}

const MILLISECOND: Duration = Duration::from_millis(1);
/// The longest step of a test that looks at when things change.
const STEP: Duration = Duration::from_micros(500);

fn many() -> u32 {
    BEGIN_ABOVE as u32 * 2
}

#[test]
fn one_at_a_time_never_waits_for_others() {
    let mut crowd = Crowd::new(Instant::now());
    for _ in 0..10_000 {
        let now = crowd.since + MILLISECOND;
        assert!(!crowd.joined(now));
        crowd.left(now + MILLISECOND);
    }
}

#[test]
fn one_burst_is_no_crowd() {
    let mut watched = Watched::new();
    assert!(!watched.holds(many(), 5 * MILLISECOND));
    assert!(!watched.holds(0, 100 * MILLISECOND));
}

#[test]
fn waves_are_a_crowd_although_there_is_nobody_between_them() {
    let mut watched = Watched::new();
    for _ in 0..20 {
        watched.holds(many(), 4 * MILLISECOND);
        watched.holds(0, MILLISECOND);
    }
    for _ in 0..20 {
        assert!(watched.holds(many(), 4 * MILLISECOND));
        assert!(watched.holds(0, MILLISECOND), "the average counts");
    }
}

#[test]
fn a_clock_that_stands_still_or_goes_back_is_no_time() {
    let start = Instant::now();
    let mut crowd = Crowd::new(start + MILLISECOND);
    for _ in 0..10 * many() {
        assert!(!crowd.joined(start), "no time has passed");
    }
}

proptest! {
    #[test]
    fn between_the_thresholds_nothing_changes(
        crowded: bool,
        steps in proptest::collection::vec((END_BELOW as u32..=BEGIN_ABOVE as u32, 0u64..50_000), 1..200),
    ) {
        let mut watched = Watched::new();
        let before = watched.holds(if crowded { many() } else { 0 }, 50 * WINDOW);
        prop_assert_eq!(before, crowded);
        for (under_way, micros) in steps {
            let now = watched.holds(under_way, Duration::from_micros(micros));
            prop_assert_eq!(now, crowded);
        }
    }

    #[test]
    fn whatever_was_before_a_change_is_noticed_in_time(
        before in proptest::collection::vec((0u32..1000, 0u64..50_000), 0..50),
        under_way in 0u32..1000,
    ) {
        let mut watched = Watched::new();
        for (under_way, micros) in before {
            watched.holds(under_way, Duration::from_micros(micros));
        }
        // After five windows, less than a hundredth of what was before is left of the average.
        let batching = watched.holds(under_way, 5 * WINDOW);
        if f64::from(under_way) < END_BELOW - 10.0 {
            prop_assert!(!batching);
        }
        if f64::from(under_way) > BEGIN_ABOVE * 1.1 {
            prop_assert!(batching);
        }
    }

    #[test]
    fn it_never_changes_twice_within_the_time_an_average_takes_to_cross_the_band(
        steps in proptest::collection::vec((0u32..300, 0..STEP.as_micros() as u64), 1..300),
    ) {
        let mut watched = Watched::new();
        let (mut batching, mut begun) = (false, None);
        let crossing = WINDOW.mul_f64((BEGIN_ABOVE / END_BELOW).ln());
        for (under_way, micros) in steps {
            let now = watched.holds(under_way, Duration::from_micros(micros));
            match (batching, now) {
                (false, true) => begun = Some(watched.now),
                (true, false) => {
                    // What happens within a step is seen at its end.
                    let lasted = begun.map(|begun| watched.now - begun + STEP);
                    prop_assert!(lasted >= Some(crossing), "{lasted:?}");
                }
                (true, true) | (false, false) => {}
            }
            batching = now;
        }
    }
}
