//! Starting resyncs: when they are due, and when records are known to be lost.

use crate::clock;
use stackone_processor_core::time::Monotonic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Reconciler;
use super::partition::Partition;
use crate::resync;
use stackone_processor_core::work::queue::Lane;

/// How long after a run has begun another one does because records were lost. What a run publishes takes room on the topic,
/// and where that is why records are lost, runs without a pause would lose more.
const APART: Duration = Duration::from_secs(5 * 60);

/// When each project is listed. They do not wait for each other.
pub(super) struct Resyncs {
    interval: Option<Duration>,
    next: Monotonic,
    lanes: Vec<Listed>,
}

/// A project.
#[derive(Default)]
struct Listed {
    runs: Arc<AtomicBool>,
    /// Records were lost since the last run began.
    is_asked_for: bool,
    begun: Option<Monotonic>,
}

/// Why a run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// It is time to.
    Due,
    /// Records were lost.
    AskedFor,
}

/// A run of a project: until it is dropped no other begins.
#[derive(Debug)]
struct Running(Arc<AtomicBool>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Resyncs {
    pub(super) fn new(lanes: usize, interval: Option<Duration>, now: Monotonic) -> Self {
        Self {
            interval,
            next: now + interval.unwrap_or_default(),
            lanes: std::iter::repeat_with(Listed::default)
                .take(lanes)
                .collect(),
        }
    }

    /// Records were lost: each project is listed as soon as may be. Says whether projects are listed at all.
    pub(super) fn ask_for(&mut self) -> bool {
        for lane in &mut self.lanes {
            lane.is_asked_for = self.interval.is_some();
        }
        self.interval.is_some()
    }

    /// The projects whose runs begin now, and why; without a run where one is due and the last still runs. `is_turn` says
    /// whether those that are due are ours.
    fn begin(&mut self, is_turn: bool, now: Monotonic) -> Vec<(Lane, Why, Option<Running>)> {
        let due = self.interval.filter(|_| is_turn && now >= self.next);
        if let Some(interval) = due {
            self.next = now + interval;
        }
        let begin = |(lane, listed): (Lane, &mut Listed)| {
            let why = listed.why(due.is_some(), now)?;
            if listed.runs.swap(true, Ordering::AcqRel) {
                return (why == Why::Due).then_some((lane, why, None));
            }
            listed.is_asked_for = false;
            listed.begun = Some(now);
            Some((lane, why, Some(Running(Arc::clone(&listed.runs)))))
        };
        self.lanes
            .iter_mut()
            .enumerate()
            .filter_map(begin)
            .collect()
    }
}

impl Listed {
    fn why(&self, is_due: bool, now: Monotonic) -> Option<Why> {
        let may_again = self.begun.is_none_or(|begun| now >= begun + APART);
        match is_due {
            true => Some(Why::Due),
            false => (self.is_asked_for && may_again).then_some(Why::AskedFor),
        }
    }
}

impl Reconciler {
    /// The owner of partition 0 lists every project when it is time to. Who lost records lists them at once, whatever it owns:
    /// a list is only triggers, and what is listed twice is looked up once.
    pub(super) fn resync_when_due(&mut self) {
        let first = self.partitions.get(&0);
        let is_turn = first.and_then(Partition::ready).is_some();
        for (lane, why, running) in self.resyncs.begin(is_turn, clock::monotonic()) {
            match running {
                Some(running) => self.start_resync(lane, why, running),
                None => {
                    let project = self.surroundings.projects.label(lane);
                    tracing::warn!(project, "the last resync still runs; this one is left out");
                }
            }
        }
    }

    fn start_resync(&self, lane: Lane, why: Why, running: Running) {
        let mut settings = self.settings.resync.clone();
        if why == Why::AskedFor {
            settings.requests_per_minute = self.share_of(settings.requests_per_minute);
        }
        let projects = Arc::clone(&self.surroundings.projects);
        let stop = self.surroundings.stop.clone();
        let task = async move {
            let _running = running;
            let (Some(project), label) = (projects.get(lane), projects.label(lane)) else {
                return;
            };
            tracing::info!(project = label, ?why, "resync begins");
            match resync::run(&settings, project, &stop, |_| {}).await {
                Ok(summary) => tracing::info!(project = label, ?summary, "resync"),
                Err(error) => tracing::error!(project = label, %error, "resync failed"),
            }
        };
        self.tasks.spawn("a resync", task);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);

    fn lanes(begun: &[(Lane, Why, Option<Running>)]) -> Vec<(Lane, Why, bool)> {
        let lane = |(lane, why, run): &(_, _, Option<_>)| (*lane, *why, run.is_some());
        begun.iter().map(lane).collect()
    }

    #[test]
    fn a_project_whose_run_takes_long_holds_up_no_other() {
        let start = clock::monotonic();
        let mut resyncs = Resyncs::new(2, Some(HOUR), start);
        assert!(resyncs.begin(true, start).is_empty(), "not due");
        assert!(resyncs.begin(false, start + HOUR).is_empty(), "not ours");
        let mut begun = resyncs.begin(true, start + HOUR);
        assert_eq!(lanes(&begun), [(0, Why::Due, true), (1, Why::Due, true)]);
        assert!(resyncs.begin(true, start + HOUR).is_empty(), "begun");
        drop(begun.pop());
        let again = resyncs.begin(true, start + 2 * HOUR);
        assert_eq!(lanes(&again), [(0, Why::Due, false), (1, Why::Due, true)]);
    }

    #[test]
    fn whoever_lost_records_lists_at_once_though_not_over_and_over() {
        let start = clock::monotonic();
        let mut resyncs = Resyncs::new(1, Some(HOUR), start);
        assert!(resyncs.ask_for());
        let begun = resyncs.begin(false, start);
        assert_eq!(lanes(&begun), [(0, Why::AskedFor, true)]);
        drop(begun);
        assert!(resyncs.begin(false, start + APART).is_empty(), "once");
        resyncs.ask_for();
        let begun = resyncs.begin(false, start + APART);
        assert_eq!(begun.len(), 1);
        resyncs.ask_for();
        assert!(
            resyncs.begin(false, start + 2 * APART).is_empty(),
            "it still runs"
        );
        drop(begun);
        assert_eq!(
            resyncs.begin(false, start + 2 * APART).len(),
            1,
            "not forgotten"
        );
        resyncs.ask_for();
        assert!(
            resyncs
                .begin(false, start + 2 * APART + HOUR / 60)
                .is_empty(),
            "too soon"
        );
    }

    #[test]
    fn where_nothing_is_to_be_listed_nothing_is() {
        let start = clock::monotonic();
        let mut resyncs = Resyncs::new(1, None, start);
        assert!(!resyncs.ask_for());
        assert!(resyncs.begin(true, start + 2 * HOUR).is_empty());
    }
}
