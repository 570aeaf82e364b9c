//! A process of the processor: the core, and a client in the place of the shell.

pub mod actions;
pub mod lists;
pub mod member;
pub mod reading;
pub mod transaction;

use std::collections::{BTreeMap, VecDeque};

use stackone_client_types::{Account, ApiError, Lookup};
use stackone_link_schemas::DeadLetterReason;
use stackone_processor_core::Processor;
use stackone_processor_core::api_gate::batch::Asked;
use stackone_processor_core::steps::refetch::RefetchSteps;
use stackone_processor_core::steps::restore::RestoreSteps;
use stackone_processor_core::time::Monotonic;
use stackone_processor_core::work::AccountKey;

use crate::history::{Harm, Step};
use crate::kafka::call::{Call, Reply};
use crate::kafka::group::Joined;
use crate::kafka::log::Record;
use crate::oracle::ledger::Ledger;
use crate::stream::Stream;
use crate::time::Micros;
use lists::List;
use member::Member;
use transaction::Transaction;

/// A lane: the core's number of a project.
pub type Lane = usize;

/// Something that happens in a process. While it stands still, all of it waits.
#[derive(Debug)]
pub enum Act {
    /// The core wanted to be woken.
    Tick,
    /// Kafka answered.
    Answered(Box<(Call, Reply)>),
    /// The group's join has completed.
    Joined(Joined),
    /// A heartbeat is due.
    Heartbeat,
    /// This join is to be tried again, if it has not completed.
    Rejoin(u64),
    /// The transaction goes on.
    Drive,
    /// A call is to be made again.
    Again(Call),
    /// The API answered.
    ApiAnswered(Box<(ApiCall, ApiReply)>),
    /// A request to the API is due.
    Ask(ApiCall),
    /// It is to end.
    Stop,
    /// It did not end in time.
    Kill(Micros),
}

/// What is asked of the API.
#[derive(Debug)]
pub enum ApiCall {
    /// An account.
    One {
        key: AccountKey,
        lane: Lane,
        epoch: u64,
        sent: Monotonic,
    },
    /// Several.
    Many {
        asked: Vec<Asked>,
        lane: Lane,
        sent: Monotonic,
    },
    /// Whether the key is accepted.
    Probe { lane: Lane },
    /// A page of a list.
    Page { lane: Lane },
}

/// What the API answers.
#[derive(Debug)]
pub enum ApiReply {
    /// Of an account.
    One(Result<Lookup, ApiError>),
    /// A list.
    List(Result<Vec<(String, Account)>, ApiError>),
    /// Whether the key is accepted.
    Probe(Result<(), ApiError>),
}

/// A process, or the place of one that was killed.
#[derive(Debug)]
pub struct Replica {
    /// Counts its runs: what was meant for an earlier one is dropped.
    pub life: u64,
    /// Until when it stands still.
    pub asleep_until: Micros,
    /// How far its wall clock is ahead.
    pub clock_ms: i64,
    /// Until when it does not reach Kafka.
    pub cut_until: Micros,
    /// Until when Kafka's answers do not reach it.
    pub deaf_until: Micros,
    /// Until when it does not reach the API.
    pub api_cut_until: Micros,
    /// When the last of its calls to the coordinator of the group arrives: they do not overtake
    /// each other.
    pub last_arrival: Micros,
    /// What befalls it at a step of a transaction.
    pub trap: Option<(Step, Harm)>,
    /// How long its calls take.
    pub network: Stream,
    /// The process, where it runs.
    pub run: Option<Box<Run>>,
}

/// A run of a process.
#[derive(Debug)]
pub struct Run {
    /// What decides.
    pub core: Processor,
    /// What it told.
    pub ledger: Ledger,
    /// Its membership of the group.
    pub member: Member,
    /// What it reads.
    pub positions: BTreeMap<i32, Position>,
    /// What it restores.
    pub restores: BTreeMap<(i32, u64), Restoring>,
    /// Records it reads again.
    pub jobs: BTreeMap<u64, Job>,
    /// The transaction that is under way.
    pub transaction: Option<Transaction>,
    /// Lists that are under way, by lane.
    pub lists: BTreeMap<Lane, List>,
    /// Of the producer: its epoch, and how many transactions it began.
    pub producer: (u64, u64),
    /// When it is woken, and how it ends.
    pub state: RunState,
}

/// When a run is woken, and how it ends.
#[derive(Debug, Default)]
pub struct RunState {
    /// When the core is woken next.
    pub wake: Option<Micros>,
    /// It is to end.
    pub is_stopping: bool,
    /// It ended by itself, well or not.
    pub has_ended: Option<bool>,
    /// It is killed, and started again after a while.
    pub killed: Option<Micros>,
    /// Numbers jobs and versions of positions.
    pub count: u64,
}

/// Where a partition is read.
#[derive(Debug)]
pub struct Position {
    /// The next record that is fetched; none until the group's offset is known.
    pub next: Option<i64>,
    /// Where the records end that the core was given.
    pub taken: i64,
    /// Whether it is read.
    pub is_paused: bool,
    /// A fetch is under way.
    pub is_fetching: bool,
    /// What was read ahead.
    pub buffer: VecDeque<Record>,
    /// What was asked for under another is dropped.
    pub version: u64,
}

/// A restore under way.
#[derive(Debug)]
pub struct Restoring {
    /// Its steps.
    pub steps: RestoreSteps,
    /// When it began.
    pub began: Micros,
    /// Where reading goes on.
    pub position: i64,
}

/// Records that are read again.
#[derive(Debug)]
pub struct Job {
    /// Its steps.
    pub steps: RefetchSteps,
    /// Of whom.
    pub key: AccountKey,
    /// The assignment.
    pub epoch: u64,
    /// Why they are put aside.
    pub why: (DeadLetterReason, String),
}

impl Replica {
    /// Nothing runs yet.
    #[must_use]
    pub fn new(seed: u64, number: u64) -> Self {
        Self {
            life: 0,
            asleep_until: 0,
            clock_ms: 0,
            cut_until: 0,
            deaf_until: 0,
            api_cut_until: 0,
            last_arrival: 0,
            trap: None,
            network: Stream::of(seed, "network", number),
            run: None,
        }
    }

    /// How long a message takes on the network.
    pub fn latency(&mut self) -> Micros {
        if self.network.chance(2) {
            self.network.between(5_000, 200_000)
        } else {
            self.network.between(200, 2_000)
        }
    }
}

impl Run {
    /// A process that begins.
    #[must_use]
    pub fn new(core: Processor, epoch: u64) -> Self {
        Self {
            core,
            ledger: Ledger::default(),
            member: Member::default(),
            positions: BTreeMap::new(),
            restores: BTreeMap::new(),
            jobs: BTreeMap::new(),
            transaction: None,
            lists: BTreeMap::new(),
            producer: (epoch, 0),
            state: RunState::default(),
        }
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.state.count += 1;
        self.state.count
    }
}
