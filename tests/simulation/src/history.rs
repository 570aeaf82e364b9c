//! A history as plain data: a list of timed events, the same for the same seed. It can be written
//! down, and made smaller.

use serde::{Deserialize, Serialize};

use crate::stream::Stream;
use crate::time::{DAY, HOUR, MINUTE, MS, Micros, SECOND};

/// What is played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// What every actor's stream follows from.
    pub seed: u64,
    /// Processes of the processor.
    pub replicas: usize,
    /// Accounts at StackOne.
    pub accounts: usize,
    /// Partitions of each topic.
    pub partitions: i32,
    /// Whether something may happen that only a resync heals: a webhook lost, a record expired, an
    /// answer that lies.
    pub loses: bool,
    /// When the last fault has ended.
    pub quiet_at: Micros,
    /// The least that is played.
    pub length: Micros,
    /// What happens.
    pub events: Vec<Timed>,
}

/// Something that happens at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timed {
    /// When.
    pub at: Micros,
    /// What.
    pub what: What,
}

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// An account changes at StackOne, and its webhooks come after these waits; none where they are
    /// lost.
    Change {
        account: usize,
        change: Change,
        webhooks: Vec<Micros>,
    },
    /// A webhook that no change has caused, dated so long ago.
    Stray {
        account: usize,
        is_deleted: bool,
        age: Micros,
    },
    /// Somebody asks for a look at an account; where it was disconnected, they say so.
    Look {
        account: usize,
        is_disconnected: bool,
    },
    /// A record that cannot be read.
    Junk { partition: i32 },
    /// The API misbehaves for a while, in so many of a hundred requests.
    Api {
        mode: ApiMode,
        percent: u64,
        lasts: Micros,
    },
    /// A process is killed, and started again after a while.
    Crash { replica: usize, down: Micros },
    /// A process is stopped as an orchestrator does it, and started again.
    Stop { replica: usize, down: Micros },
    /// A process stands still, and wakes as if nothing had happened.
    Sleep { replica: usize, lasts: Micros },
    /// The next time a process comes to this step of a transaction, this befalls it.
    Trap {
        replica: usize,
        step: Step,
        harm: Harm,
    },
    /// The group forgets a process' membership, as when the coordinator loses it; it joins again.
    Expel { replica: usize },
    /// A process does not reach Kafka; where `answers_only`, its calls arrive and their answers do
    /// not.
    CutKafka {
        replica: usize,
        answers_only: bool,
        lasts: Micros,
    },
    /// A process does not reach the API.
    CutApi { replica: usize, lasts: Micros },
    /// Nobody reaches Kafka.
    BrokerAway { lasts: Micros },
    /// Nobody reaches the coordinators of group and transactions.
    CoordinatorAway { lasts: Micros },
    /// Ends of transactions are written slowly.
    SlowMarkers { lasts: Micros },
    /// The events topic is deleted and made again.
    MadeAgain,
    /// All processes are killed, and started again after a while; meanwhile the group's offset of a
    /// partition is set back to the beginning.
    OffsetsReset { partition: i32, down: Micros },
    /// What has not been read of a partition is deleted.
    Expire { partition: i32 },
    /// A process' wall clock steps.
    ClockStep { replica: usize, by_ms: i64 },
    /// The operator lets held unlinks go.
    Release,
    /// The operator puts dead letters back.
    Redrive,
    /// The operator has all accounts listed.
    Resync,
}

/// What changes at StackOne.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// It is linked, or has another status.
    Status(String),
    /// Its credentials are new.
    Refresh,
    /// Its label is new.
    Relabel,
    /// It is gone.
    Unlink,
}

/// How the API misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApiMode {
    /// 5xx.
    Unavailable,
    /// 429.
    RateLimited,
    /// What cannot be read.
    Garbage,
    /// It does not answer in time.
    Hang,
    /// It shows what was true some seconds ago.
    Stale,
    /// Its answers are seconds under way.
    Slow,
    /// 401.
    Refused,
    /// 400.
    Rejected,
    /// 404 for what is there.
    NotFound,
    /// Lists leave accounts out.
    ShortLists,
    /// Lists show what was not asked for.
    OtherLists,
}

/// A step of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Its records are about to be sent.
    Produce,
    /// They are stored, and its offsets are about to be sent.
    SendOffsets,
    /// It is about to be committed.
    Commit,
    /// It is committed, which nobody knows.
    Committed,
}

/// What befalls a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Harm {
    /// It is killed.
    Crash { down: Micros },
    /// It stands still.
    Sleep { lasts: Micros },
    /// What it asked for arrives, and the answer does not.
    LoseAnswers { lasts: Micros },
}

impl History {
    /// Whether it lasts for days, nearly all of which are quiet.
    #[must_use]
    pub const fn is_of_days(&self) -> bool {
        self.length > DAY
    }

    /// The history of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Author::new(seed).write()
    }
}

impl What {
    /// The process it befalls.
    #[must_use]
    pub const fn replica(&self) -> Option<usize> {
        match self {
            Self::Crash { replica, .. }
            | Self::Stop { replica, .. }
            | Self::Sleep { replica, .. }
            | Self::Trap { replica, .. }
            | Self::Expel { replica }
            | Self::CutKafka { replica, .. }
            | Self::CutApi { replica, .. }
            | Self::ClockStep { replica, .. } => Some(*replica),
            Self::Change { .. }
            | Self::Stray { .. }
            | Self::Look { .. }
            | Self::Junk { .. }
            | Self::Api { .. }
            | Self::BrokerAway { .. }
            | Self::CoordinatorAway { .. }
            | Self::SlowMarkers { .. }
            | Self::MadeAgain
            | Self::OffsetsReset { .. }
            | Self::Expire { .. }
            | Self::Release
            | Self::Redrive
            | Self::Resync => None,
        }
    }
}

/// Writes a history.
struct Author {
    draw: Stream,
    history: History,
    is_linked: Vec<bool>,
    silent_unlinks: u32,
    is_long: bool,
}

const STATUSES: [&str; 7] = [
    "error",
    "expired",
    "suspended",
    "inactive",
    "archived",
    "provisioning",
    "active",
];
/// More unlinks whose webhooks do not come than this look like a wrong API key, and are held.
const MOST_SILENT_UNLINKS: u32 = 4;

impl Author {
    fn new(seed: u64) -> Self {
        let mut draw = Stream::of(seed, "author", 0);
        let is_long = draw.chance(5);
        let accounts = 20 + draw.index(41);
        let faults_last = draw.between(5 * MINUTE, 30 * MINUTE);
        let history = History {
            seed,
            replicas: 2 + draw.index(2),
            accounts,
            partitions: 12,
            loses: draw.chance(50),
            quiet_at: if is_long { 7 * DAY } else { faults_last },
            length: if is_long { 8 * DAY } else { 2 * HOUR },
            events: Vec::new(),
        };
        Self {
            draw,
            history,
            is_linked: vec![false; accounts],
            silent_unlinks: 0,
            is_long,
        }
    }

    fn write(mut self) -> History {
        let quiet = self.history.quiet_at;
        let changes = self.history.accounts * (2 + self.draw.index(4));
        for _ in 0..changes {
            let at = self.draw.between(SECOND, quiet - 20 * SECOND);
            self.add(at, What::Redrive);
        }
        // In the order of their times, so that links come before what else happens to an account.
        self.history.events.sort_by_key(|event| event.at);
        for index in 0..self.history.events.len() {
            let (what, at) = (self.change(), self.history.events[index].at);
            self.history.events[index] = Timed { at, what };
        }
        for _ in 0..self.draw.below(8) {
            let at = self.draw.between(0, quiet - 20 * SECOND);
            let what = self.stray();
            self.add(at, what);
        }
        let faults = 3 + self.draw.below(12);
        for _ in 0..faults {
            let at = self.draw.between(0, quiet * 3 / 4);
            let what = self.fault(quiet - at);
            if matches!(what, What::Expel { .. }) {
                // So that answers to what was asked under the former assignment come under the
                // next.
                let (mode, percent, lasts) = (ApiMode::Slow, 50, 15 * SECOND);
                let slow = What::Api {
                    mode,
                    percent,
                    lasts,
                };
                self.add(at.saturating_sub(5 * SECOND), slow);
            }
            self.add(at, what);
        }
        for _ in 0..self.draw.below(8) {
            let at = self.draw.between(0, quiet - 20 * SECOND);
            let what = What::Look {
                account: self.draw.index(self.history.accounts),
                is_disconnected: self.draw.chance(30),
            };
            self.add(at, what);
        }
        for (wait, what) in [
            (MS, What::Release),
            (SECOND, What::Redrive),
            (2 * MINUTE, What::Redrive),
        ] {
            self.add(quiet + wait, what);
        }
        self.history.events.sort_by_key(|event| event.at);
        self.history
    }

    fn add(&mut self, at: Micros, what: What) {
        self.history.events.push(Timed { at, what });
    }

    fn change(&mut self) -> What {
        let account = self.draw.index(self.history.accounts);
        let change = if !self.is_linked[account] {
            self.is_linked[account] = true;
            Change::Status(if self.draw.chance(70) {
                "active".to_owned()
            } else {
                self.status()
            })
        } else {
            match self.draw.below(10) {
                0 | 1 => {
                    self.is_linked[account] = false;
                    Change::Unlink
                }
                2 | 3 => Change::Refresh,
                4 => Change::Relabel,
                _ => Change::Status(self.status()),
            }
        };
        let webhooks = self.webhooks(change == Change::Unlink);
        What::Change {
            account,
            change,
            webhooks,
        }
    }

    fn status(&mut self) -> String {
        let status = self.draw.index(STATUSES.len());
        STATUSES[status].to_owned()
    }

    fn webhooks(&mut self, is_unlink: bool) -> Vec<Micros> {
        let may_be_silent = !is_unlink || self.silent_unlinks < MOST_SILENT_UNLINKS;
        if self.history.loses && may_be_silent && self.draw.chance(20) {
            self.silent_unlinks += u32::from(is_unlink);
            return Vec::new();
        }
        let copies = if self.draw.chance(30) {
            2 + self.draw.below(2)
        } else {
            1
        };
        let longest = if self.draw.chance(20) {
            4 * MINUTE
        } else {
            3 * SECOND
        };
        (0..copies)
            .map(|_| self.draw.between(10 * MS, longest))
            .collect()
    }

    fn stray(&mut self) -> What {
        match self.draw.below(5) {
            0 => What::Junk {
                partition: self.partition(),
            },
            _ => What::Stray {
                account: self.draw.index(self.history.accounts),
                is_deleted: self.draw.chance(50),
                age: if self.draw.chance(50) { HOUR } else { 0 },
            },
        }
    }

    fn partition(&mut self) -> i32 {
        let partitions = u64::try_from(self.history.partitions).unwrap_or(1);
        i32::try_from(self.draw.below(partitions)).unwrap_or(0)
    }

    /// A fault that has ended after `within`.
    fn fault(&mut self, within: Micros) -> What {
        let replica = self.draw.index(self.history.replicas);
        let within = if self.is_long {
            within.min(30 * MINUTE)
        } else {
            within
        };
        let mut lasting =
            |longest: Micros| self.draw.between(100 * MS, longest.min(within).max(SECOND));
        let (short, long) = (lasting(30 * SECOND), lasting(3 * MINUTE));
        match self.draw.below(24) {
            0 | 1 => What::Crash {
                replica,
                down: short,
            },
            2 => What::Stop {
                replica,
                down: short,
            },
            3 | 4 => What::Sleep {
                replica,
                lasts: short,
            },
            5 => What::Sleep {
                replica,
                lasts: long,
            },
            6..10 => self.trap(replica, short),
            10 => What::CutKafka {
                replica,
                answers_only: self.draw.chance(50),
                lasts: short,
            },
            11 => What::CutKafka {
                replica,
                answers_only: self.draw.chance(50),
                lasts: long,
            },
            12 => What::CutApi {
                replica,
                lasts: long,
            },
            13 => What::BrokerAway { lasts: short },
            14 => What::CoordinatorAway { lasts: short },
            15 => What::SlowMarkers { lasts: long },
            16 => What::ClockStep {
                replica,
                by_ms: i64::try_from(self.draw.below(10_000)).unwrap_or(0) - 5_000,
            },
            18 => What::OffsetsReset {
                partition: self.partition(),
                down: short,
            },
            19 | 20 => What::Expel { replica },
            17 if self.history.loses => match self.draw.below(4) {
                0 => What::MadeAgain,
                1 => What::Resync,
                _ => What::Expire {
                    partition: self.partition(),
                },
            },
            _ => self.api(long),
        }
    }

    fn trap(&mut self, replica: usize, lasts: Micros) -> What {
        let steps = [
            Step::Produce,
            Step::SendOffsets,
            Step::Commit,
            // Twice, because what a commit that is not answered does is the hardest to find.
            Step::Commit,
            Step::Committed,
        ];
        let step = steps[self.draw.index(steps.len())];
        let harm = match self.draw.below(4) {
            0 => Harm::Crash { down: lasts },
            1 => Harm::Sleep { lasts },
            _ => Harm::LoseAnswers { lasts },
        };
        What::Trap {
            replica,
            step,
            harm,
        }
    }

    fn api(&mut self, lasts: Micros) -> What {
        use ApiMode::{
            Garbage, Hang, NotFound, OtherLists, RateLimited, Refused, Rejected, ShortLists, Slow,
            Stale, Unavailable,
        };
        let mut modes = vec![
            Unavailable,
            RateLimited,
            Hang,
            Refused,
            ShortLists,
            OtherLists,
            Slow,
            Stale,
        ];
        if self.history.loses {
            modes.extend([Garbage, Rejected, NotFound]);
        }
        let mode = modes[self.draw.index(modes.len())];
        let percent = if self.draw.chance(50) { 100 } else { 30 };
        What::Api {
            mode,
            percent,
            lasts,
        }
    }
}
