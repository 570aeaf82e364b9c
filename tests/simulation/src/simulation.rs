//! The loop: one queue of events in virtual time.

mod network;
mod planned;
mod processes;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use stackone_processor_core::settings::DecisionSettings;
use stackone_processor_core::time::{Monotonic, Now};

use crate::history::History;
use crate::kafka::call::Call;
use crate::kafka::group::MemberId;
use crate::kafka::log::{New, TransactionNumber};
use crate::kafka::{Kafka, Stored, TopicPartition};
use crate::oracle::{Broken, Oracle};
use crate::replica::{Act, ApiCall, Replica, Run};
use crate::settings;
use crate::stream::Stream;
use crate::time::{HOUR, MINUTE, Micros, SECOND, wall};
use crate::trace::Trace;
use crate::world::World;

/// How often the cluster looks after itself, and how often in a history of days.
const UPKEEP: [Micros; 2] = [SECOND, 5 * SECOND];
/// How often it is looked whether everything has settled.
const LOOK: Micros = 10 * SECOND;
/// Rounds that begin and end settled, which the reference judges.
const ROUNDS: u64 = 2;
/// How soon after the last fault everything has to have settled.
const SETTLED_WITHIN: Micros = 30 * MINUTE;

/// Something that happens.
#[derive(Debug)]
pub(crate) enum Event {
    /// This one of the history.
    Planned(usize),
    /// A webhook reaches ingest.
    Webhook(New),
    /// The end of a transaction is written.
    WriteEnd(usize, TransactionNumber, Option<TopicPartition>),
    /// The cluster looks after itself.
    Upkeep,
    /// Everything may have settled.
    Look,
    /// A process begins.
    Start(usize, u64),
    /// A call reaches Kafka.
    Arrive(usize, u64, Call),
    /// A request reaches the API.
    ApiArrive(usize, u64, ApiCall),
    /// Something happens in a process.
    Act(usize, u64, Act),
}

struct Entry {
    at: Micros,
    number: u64,
    /// In a box, because the queue moves its entries more often than anything else is done.
    event: Box<Event>,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// A history that is being played.
pub struct Simulation {
    pub(crate) now: Micros,
    pub(crate) history: History,
    pub(crate) settings: Arc<DecisionSettings>,
    pub(crate) kafka: Kafka,
    pub(crate) world: World,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) trace: Trace,
    oracle: Oracle,
    queue: BinaryHeap<Reverse<Entry>>,
    number: u64,
    /// Whose process a member of the group is.
    members: BTreeMap<MemberId, (usize, u64)>,
    /// Fetches that wait for records of a partition.
    waiting: BTreeMap<i32, VecDeque<(usize, u64, Call)>>,
    away_until: Micros,
    coordinator_away_until: Micros,
    slow_until: Micros,
    broker: Stream,
    operator: Stream,
    redriven: BTreeMap<i32, i64>,
    settled_at: Option<Micros>,
    /// Rounds that begin and end settled, and when the last began.
    rounds: (u64, Micros),
    unsettled: String,
}

/// How a history ended.
#[derive(Debug)]
pub struct Played {
    /// The hash of all that happened.
    pub hash: u64,
    /// Inputs of the cores.
    pub inputs: u64,
    /// When all had settled.
    pub settled_at: Option<Micros>,
    /// What broke a rule, and when.
    pub broken: Option<(Micros, Broken)>,
}

impl Simulation {
    /// The beginning of a history.
    #[must_use]
    pub fn new(history: History, is_told: bool) -> Self {
        let (seed, settings) = (history.seed, settings::default());
        let replicas = 0..u64::try_from(history.replicas).unwrap_or(0);
        let mut simulation = Self {
            now: 0,
            kafka: Kafka::new(history.partitions, settings.topics.clone()),
            world: World::new(seed, history.accounts),
            replicas: replicas.map(|number| Replica::new(seed, number)).collect(),
            trace: Trace::new(is_told),
            oracle: Oracle::new(history.accounts),
            queue: BinaryHeap::new(),
            number: 0,
            members: BTreeMap::new(),
            waiting: BTreeMap::new(),
            away_until: 0,
            coordinator_away_until: 0,
            slow_until: 0,
            broker: Stream::of(seed, "broker", 0),
            operator: Stream::of(seed, "operator", 0),
            redriven: BTreeMap::new(),
            settled_at: None,
            rounds: (0, 0),
            unsettled: String::new(),
            settings,
            history,
        };
        simulation.begin();
        simulation
    }

    fn begin(&mut self) {
        for r in 0..self.replicas.len() {
            self.replicas[r].life = 1;
            self.push(1, Event::Start(r, 1));
        }
        for index in 0..self.history.events.len() {
            self.push(self.history.events[index].at, Event::Planned(index));
        }
        self.push(SECOND, Event::Upkeep);
        self.push(self.history.quiet_at, Event::Look);
    }

    pub(crate) fn push(&mut self, at: Micros, event: Event) {
        self.number += 1;
        let number = self.number;
        let event = Box::new(event);
        self.queue.push(Reverse(Entry { at, number, event }));
    }

    /// Something happens in a process, unless it is another by then.
    pub(crate) fn act_later(&mut self, r: usize, wait: Micros, act: Act) {
        let life = self.replicas[r].life;
        self.push(self.now + wait, Event::Act(r, life, act));
    }

    /// What a process' clocks show.
    pub(crate) fn clock(&self, r: usize) -> Now {
        let ahead = SignedDuration::from_millis(self.replicas[r].clock_ms);
        Now {
            monotonic: Monotonic::after_start(Duration::from_micros(self.now)),
            wall: wall(self.now).saturating_add(ahead).unwrap_or_default(),
        }
    }

    /// Plays the history to its end, or until a rule is broken.
    #[must_use]
    pub fn play(mut self) -> Played {
        let broken = self.play_on().err();
        self.trace.end(&self.kafka);
        Played {
            hash: self.trace.hash(),
            inputs: self.trace.inputs(),
            settled_at: self.settled_at,
            broken: broken.map(|broken| (self.now, broken)),
        }
    }

    fn play_on(&mut self) -> Result<(), Broken> {
        while let Some(Reverse(Entry { at, event, .. })) = self.queue.pop() {
            self.now = at;
            match *event {
                Event::Planned(index) => self.planned(index),
                Event::Webhook(new) => self.on_webhook(new),
                Event::WriteEnd(id, number, target) => self.on_write_end(id, number, target),
                Event::Upkeep => {
                    if self.now >= self.away_until && self.now >= self.coordinator_away_until {
                        self.kafka.advance(self.now);
                    }
                    self.push(
                        self.now + UPKEEP[usize::from(self.history.is_of_days())],
                        Event::Upkeep,
                    );
                }
                Event::Look if self.look()? => return Ok(()),
                Event::Look => {}
                Event::Start(r, life) => self.on_start_of(r, life),
                Event::Arrive(r, life, call) => self.on_arrival(r, life, call),
                Event::ApiArrive(r, life, call) => self.on_api_arrival(r, life, call),
                Event::Act(r, life, act) => self.on_act(r, life, act),
            }
            self.carry_out_effects()?;
        }
        Ok(())
    }

    /// Whether the history is over.
    fn look(&mut self) -> Result<bool, Broken> {
        let is_settled = self.has_settled();
        if is_settled && self.settled_at.is_none() {
            self.settled_at = Some(self.now);
            self.oracle
                .settled(&self.kafka, &self.world, &runs(&self.replicas))?;
        }
        let healing = if self.history.loses {
            HOUR + 15 * MINUTE
        } else {
            0
        };
        let limit = self.history.quiet_at + SETTLED_WITHIN + healing;
        if self.settled_at.is_none() && self.now >= limit {
            return Err(Broken::NotSettled(std::mem::take(&mut self.unsettled)));
        }
        if self.settled_at.is_some() && is_settled && self.now >= self.history.length {
            self.oracle
                .settled(&self.kafka, &self.world, &runs(&self.replicas))?;
            return Ok(true);
        }
        if self.now >= self.history.length + 2 * HOUR {
            return Err(Broken::NotSettled(std::mem::take(&mut self.unsettled)));
        }
        if self.settled_at.is_some() && self.rounds.0 <= ROUNDS {
            if is_settled {
                self.oracle.round(&self.kafka, &self.world)?;
                self.next_round();
            } else if self.now >= self.rounds.1 + SETTLED_WITHIN {
                return Err(Broken::NotSettled(std::mem::take(&mut self.unsettled)));
            }
            self.push(self.now + LOOK, Event::Look);
            return Ok(false);
        }
        let rests = self.settled_at.is_some() && self.now < self.history.length;
        let next = if rests {
            self.history.length
        } else {
            self.now + LOOK
        };
        self.push(next.max(self.now + LOOK), Event::Look);
        Ok(false)
    }

    /// Whether nothing is left to do.
    fn has_settled(&mut self) -> bool {
        let is_awake = self
            .replicas
            .iter()
            .all(|replica| replica.run.is_some() && replica.asleep_until <= self.now);
        let group = &self.kafka.group;
        if !is_awake || !group.is_stable() || group.member_count() != self.replicas.len() {
            self.unsettled = format!(
                "of {} replicas {} are members",
                self.replicas.len(),
                group.member_count()
            );
            return false;
        }
        // What is committed is accounted for where the process has heard of it.
        let transacts = |run: &Run| run.transaction.is_some();
        if runs(&self.replicas).into_iter().any(transacts) {
            self.unsettled = "a process waits for the end of a transaction".to_owned();
            return false;
        }
        // Else what it read before a round is stored within it.
        let lists = |run: &Run| !run.lists.is_empty();
        if runs(&self.replicas).into_iter().any(lists) {
            self.unsettled = "accounts are being listed".to_owned();
            return false;
        }
        // Else a state may be visible, and the event of the same transaction not yet.
        if !self.kafka.transactions.are_ended() {
            self.unsettled = "a transaction has not ended everywhere".to_owned();
            return false;
        }
        for (partition, log) in self.kafka.logs(Stored::Events) {
            let committed = self.kafka.committed.get(&partition).copied();
            if committed.unwrap_or(0) < log.high() {
                self.unsettled = format!(
                    "partition {partition} is committed up to {committed:?} of {}",
                    log.high()
                );
                return false;
            }
        }
        match self.oracle.agrees(&self.kafka, &self.world) {
            Ok(()) => true,
            Err(difference) => {
                self.unsettled = difference;
                false
            }
        }
    }
}

fn runs(replicas: &[Replica]) -> Vec<&Run> {
    replicas
        .iter()
        .filter_map(|replica| replica.run.as_deref())
        .collect()
}
