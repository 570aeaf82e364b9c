//! Tests the queue against a model of its promises, at random.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const LANES: Lane = 2;
const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
enum Step {
    Add(u8),
    /// Takes at most this many accounts of a lane, together where they have as many triggers.
    Take(Lane, usize),
    Answer(u8),
    Finish(u8),
    Recheck(u8),
    AskAgain(u8),
    BackOff(u8),
    /// Backoffs of this lane end, but not at once.
    EndBackoffs(Lane),
    TakeOut(u8),
    /// Removes all accounts whose number has this remainder by three, as if a partition was given
    /// up.
    Remove(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0u8..6).prop_map(Step::Add),
        6 => (0..LANES, 1usize..4).prop_map(|(lane, most)| Step::Take(lane, most)),
        4 => (0u8..6).prop_map(Step::Answer),
        4 => (0u8..6).prop_map(Step::Finish),
        2 => (0u8..6).prop_map(Step::Recheck),
        2 => (0u8..6).prop_map(Step::AskAgain),
        3 => (0u8..6).prop_map(Step::BackOff),
        1 => (0..LANES).prop_map(Step::EndBackoffs),
        1 => (0u8..6).prop_map(Step::TakeOut),
        1 => (0u8..3).prop_map(Step::Remove),
    ]
}

/// Returns the lane of an account, which stays the same while it is in the queue.
fn lane_of(key: u8) -> Lane {
    usize::from(key) % LANES
}

/// What was added to the queue, and what it still has to return.
struct Model {
    queue: WorkQueue<u8, Numbers>,
    now: Monotonic,
    /// The triggers of each account that were neither decided nor taken out.
    open: BTreeMap<u8, BTreeSet<u32>>,
    asked: BTreeMap<u8, BTreeSet<u32>>,
    flights: Vec<BTreeSet<u8>>,
    not_before: BTreeMap<u8, Monotonic>,
}

impl Model {
    fn new() -> Self {
        Self {
            queue: WorkQueue::new(LANES),
            now: Monotonic::START,
            open: BTreeMap::new(),
            asked: BTreeMap::new(),
            flights: Vec::new(),
            not_before: BTreeMap::new(),
        }
    }

    fn step(&mut self, number: u32, step: Step) -> Result<(), TestCaseError> {
        self.now += SECOND;
        let (now, wait) = (self.now, self.now + 3 * SECOND);
        match step {
            Step::Add(key) => {
                self.open.entry(key).or_default().insert(number);
                self.queue.add(key, lane_of(key), numbers([number]), now);
            }
            Step::Take(lane, most) => self.take(lane, most)?,
            Step::Answer(key) => {
                self.queue.answered(&key);
                self.land(|landed| landed == key);
            }
            Step::Finish(key) => {
                self.queue.finish(&key, now);
                let decided = self.asked.remove(&key).unwrap_or_default();
                self.close(key, &decided);
            }
            Step::Recheck(key) => {
                self.queue.recheck(&key, wait, now, |_| {});
                self.asked.remove(&key);
            }
            Step::AskAgain(key) => {
                self.queue.ask_again(&key, now, |_| {});
                self.asked.remove(&key);
            }
            Step::BackOff(key) => {
                self.queue.back_off(&key, wait, |_| {});
                if self.asked.remove(&key).is_some() {
                    self.not_before.insert(key, wait);
                }
            }
            Step::EndBackoffs(lane) => {
                let soon = now + SECOND;
                self.queue.end_backoffs(lane, |_| Some(soon));
                let of_lane = |key: &u8| lane_of(*key) == lane;
                let ended = self.not_before.iter_mut().filter(|(key, _)| of_lane(key));
                ended.for_each(|(_, not_before)| *not_before = soon);
            }
            Step::TakeOut(key) => {
                let taken = self.queue.take_out(&key);
                self.gone(key, taken)?;
            }
            Step::Remove(rest) => {
                let matches = |key: u8| key % 3 == rest;
                let mut removed: BTreeMap<_, _> = self
                    .queue
                    .remove_where(|key| matches(*key))
                    .into_iter()
                    .collect();
                for key in (0..6).filter(|key| matches(*key)) {
                    self.gone(key, removed.remove(&key))?;
                }
            }
        }
        let asked = self.asked.clone();
        self.land(|key| !asked.contains_key(&key));
        prop_assert_eq!(self.queue.in_flight(), self.flights.len());
        Ok(())
    }

    fn take(&mut self, lane: Lane, most: usize) -> Result<(), TestCaseError> {
        let as_many = |first: &Numbers, work: &Numbers| first.0.len() == work.0.len();
        let keys = self.queue.take_together(lane, self.now, most, as_many);
        prop_assert!(keys.len() <= most);
        self.flights.push(keys.iter().copied().collect());
        for key in keys {
            prop_assert_eq!(lane_of(key), lane);
            let not_before = self.not_before.remove(&key);
            prop_assert!(
                not_before.is_none_or(|at| at <= self.now),
                "within a backoff"
            );
            let work = self.queue.work_in_flight(&key).unwrap().0.clone();
            prop_assert!(
                self.asked.insert(key, work).is_none(),
                "asked twice at once"
            );
        }
        Ok(())
    }

    /// Checks that the queue removed an account, and returned its open triggers.
    fn gone(&mut self, key: u8, given: Option<Numbers>) -> Result<(), TestCaseError> {
        let open = self.open.remove(&key).unwrap_or_default();
        prop_assert_eq!(given.map(|work| work.0).unwrap_or_default(), open);
        self.asked.remove(&key);
        self.not_before.remove(&key);
        Ok(())
    }

    fn close(&mut self, key: u8, decided: &BTreeSet<u32>) {
        if let Some(open) = self.open.get_mut(&key) {
            open.retain(|number| !decided.contains(number));
        }
    }

    fn land(&mut self, is_landed: impl Fn(u8) -> bool) {
        for flight in &mut self.flights {
            flight.retain(|key| !is_landed(*key));
        }
        self.flights.retain(|flight| !flight.is_empty());
    }

    /// Takes everything that is left, and decides it.
    fn drain(&mut self) -> BTreeMap<u8, BTreeSet<u32>> {
        self.now += 60 * SECOND;
        for key in std::mem::take(&mut self.asked).into_keys() {
            self.queue.recheck(&key, self.now, self.now, |_| {});
        }
        let mut drained: BTreeMap<u8, BTreeSet<u32>> = BTreeMap::new();
        for lane in 0..LANES {
            while let Some(key) = self
                .queue
                .take_together(lane, self.now, 1, |_, _| false)
                .pop()
            {
                let work = self.queue.work_in_flight(&key).unwrap().0.clone();
                drained.entry(key).or_default().extend(work);
                self.queue.finish(&key, self.now);
            }
        }
        drained
    }
}

proptest! {
    /// No account has two lookups at once or one within its backoff, no trigger is forgotten, and
    /// none is decided that was not asked for.
    #[test]
    fn no_account_is_forgotten_or_looked_up_twice_at_once_or_too_soon(steps in proptest::collection::vec(step(), 1..200)) {
        let mut model = Model::new();
        for (number, step) in (0u32..).zip(steps) {
            model.step(number, step)?;
        }
        let drained = model.drain();
        model.open.retain(|_, open| !open.is_empty());
        prop_assert_eq!(drained, model.open);
        prop_assert!(model.queue.is_empty());
    }
}
