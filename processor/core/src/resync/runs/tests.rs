use super::*;
use crate::resync::OfProject;

const HOUR: i64 = 60;
/// The epoch of partition 0 while it is assigned.
const OURS: Option<u64> = Some(7);

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

/// Returns the runs of an owner of partition 0 that lists every hour, and that read these markers
/// back at this minute.
fn owner(histories: &[History], minute: i64) -> Resyncs {
    let interval = Duration::from_secs(60 * 60);
    let mut resyncs = Resyncs::new(histories.len(), Some(interval));
    let of_project = |history: &History| OfProject {
        history: *history,
        taken_in: None,
    };
    let found = Found {
        of_projects: histories.iter().map(of_project).collect(),
        is_known: true,
    };
    resyncs.read(7, &found, at(minute));
    resyncs
}

/// Simulates processes that live for `lives_for` minutes each and know only what is on the topic.
/// Their lists take three minutes, and are complete or not. Returns the minutes at which lists
/// began.
fn lists(lives_for: i64, until: i64, is_complete: bool) -> Vec<i64> {
    let (mut on_topic, mut began) = (History::default(), Vec::new());
    for start in (0..until).step_by(usize::try_from(lives_for).unwrap()) {
        let mut resyncs = owner(&[on_topic], start);
        let mut ends = None;
        for minute in start..start + lives_for {
            if ends == Some(minute) {
                ends = None;
                let completed = is_complete.then(|| at(minute));
                on_topic = on_topic.merged(History {
                    completed,
                    ..History::default()
                });
                resyncs.ended(0, completed);
            }
            for (lane, why) in resyncs.begin(OURS, at(minute)) {
                assert_eq!((lane, why), (0, Why::Due));
                began.push(minute);
                on_topic.began = Some(at(minute));
                ends = Some(minute + 3);
            }
        }
    }
    began
}

#[test]
fn a_processor_restarted_every_quarter_of_the_interval_lists_once_an_interval() {
    assert_eq!(lists(HOUR / 4, 4 * HOUR, true), [0, 63, 126, 189]);
    assert_eq!(
        lists(8 * HOUR, 4 * HOUR, true)[..4],
        [0, 63, 126, 189],
        "as one that is not"
    );
}

#[test]
fn a_list_that_fails_each_time_is_begun_four_times_an_interval_restarted_or_not() {
    let quarters: Vec<i64> = (0..16).map(|quarter| quarter * HOUR / 4).collect();
    for lives_for in [1, 2, 15, 4 * HOUR] {
        assert_eq!(
            lists(lives_for, 4 * HOUR, false),
            quarters,
            "{lives_for} min"
        );
    }
}

#[test]
fn a_process_that_never_lives_until_its_list_is_complete_is_no_storm_of_lists() {
    for lives_for in [1, 2] {
        assert_eq!(lists(lives_for, HOUR, true), [0, 15, 30, 45]);
    }
}

#[test]
fn nothing_is_due_before_markers_were_read_back_for_this_assignment() {
    let mut resyncs = Resyncs::new(1, Some(Duration::from_secs(60 * 60)));
    assert_eq!(resyncs.begin(OURS, at(0)), []);
    let mut resyncs = owner(&[history(None, Some(-100))], 0);
    assert_eq!(resyncs.begin(None, at(0)), [], "partition 0 is another's");
    assert_eq!(
        resyncs.begin(Some(8), at(0)),
        [],
        "it was another's meanwhile"
    );
    assert_eq!(resyncs.begin(OURS, at(0)), [(0, Why::Due)]);
}

#[test]
fn a_project_whose_run_takes_long_holds_up_no_other_and_is_not_begun_twice() {
    let long_ago = history(None, Some(-100));
    let mut resyncs = owner(&[long_ago, long_ago], 0);
    assert_eq!(resyncs.begin(OURS, at(0)), [(0, Why::Due), (1, Why::Due)]);
    resyncs.ended(1, Some(at(1)));
    assert_eq!(resyncs.begin(OURS, at(61)), [(1, Why::Due)]);
    resyncs.ended(0, Some(at(70)));
    assert_eq!(resyncs.begin(OURS, at(129)), []);
    assert_eq!(resyncs.begin(OURS, at(130)), [(0, Why::Due)]);
}

#[test]
fn a_list_that_another_process_made_counts() {
    let mut resyncs = owner(&[history(None, Some(-50))], 0);
    resyncs.began(0, at(5));
    resyncs.completed(0, at(8));
    assert_eq!(resyncs.begin(OURS, at(67)), []);
    assert_eq!(resyncs.begin(OURS, at(68)), [(0, Why::Due)]);
}

#[test]
fn whoever_lost_records_lists_at_once_though_not_over_and_over() {
    let mut resyncs = owner(&[history(None, Some(-1))], 0);
    assert!(resyncs.ask_for());
    assert_eq!(resyncs.begin(None, at(0)), [(0, Why::AskedFor)]);
    resyncs.ended(0, Some(at(1)));
    assert_eq!(resyncs.begin(None, at(5)), [], "once");
    resyncs.ask_for();
    assert_eq!(resyncs.begin(None, at(5)), [(0, Why::AskedFor)]);
    resyncs.ask_for();
    assert_eq!(resyncs.begin(None, at(10)), [], "it still runs");
    resyncs.ended(0, None);
    assert_eq!(
        resyncs.begin(None, at(10)),
        [(0, Why::AskedFor)],
        "not forgotten"
    );
    resyncs.ended(0, Some(at(11)));
    resyncs.ask_for();
    assert_eq!(resyncs.begin(None, at(14)), [], "too soon");
    resyncs.began(0, at(14));
    assert_eq!(resyncs.begin(None, at(16)), [], "another began one");
    assert_eq!(resyncs.begin(None, at(19)), [(0, Why::AskedFor)]);
}

#[test]
fn a_clock_that_was_ahead_puts_no_list_off() {
    let mut resyncs = owner(&[history(Some(600), Some(600))], 0);
    assert_eq!(resyncs.begin(OURS, at(0)), []);
    assert_eq!(resyncs.begin(OURS, at(60)), [(0, Why::Due)]);
}

#[test]
fn where_lists_are_switched_off_none_begins() {
    let mut resyncs = Resyncs::new(1, None);
    assert!(!resyncs.ask_for());
    assert_eq!(resyncs.begin(OURS, at(1000)), []);
}
