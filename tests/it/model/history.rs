//! Random histories: plain data, the same for the same seed.

use stackone_simulator::{AccountStatus as Status, FaultRule};

use super::trouble::{fault, stale};

/// Accounts of a history.
pub(crate) const ACCOUNTS: usize = 20;
/// More unlinks than this whose webhooks do not come could look like a wrong API key.
const MOST_SILENT_UNLINKS: usize = 7;

/// What happens at StackOne, to its webhooks, to its API and to the processors.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) rounds: Vec<Round>,
}

/// A part of a history.
#[derive(Debug, Clone, Default)]
pub(crate) struct Round {
    pub(crate) steps: Vec<Step>,
    pub(crate) strays: Vec<(usize, Stray)>,
    pub(crate) faults: Vec<FaultRule>,
    pub(crate) upheaval: Upheaval,
    /// Whether all accounts are listed at its end.
    pub(crate) is_resynced: bool,
    /// Whether webhooks that were held back are sent in it.
    pub(crate) releases_held: bool,
    /// How many answers the API gives before the upheaval.
    pub(crate) moment: usize,
}

/// A change of an account, and what becomes of its webhook.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) account: usize,
    pub(crate) change: Change,
    pub(crate) fate: Fate,
}

/// What changes.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Link(Status),
    /// Linked, and active only within the grace period, in silence.
    LinkLate,
    Status(Status),
    Refresh,
    Relabel(String),
    Unlink,
}

/// What becomes of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Sent {
        copies: usize,
    },
    /// It comes in a later round, after younger ones.
    Held,
    Lost,
}

/// A webhook that no change has caused.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stray {
    Updated,
    Deleted,
    OldUpdated,
    OldDeleted,
}

/// What happens to the processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Upheaval {
    #[default]
    None,
    /// The first stops as SIGTERM stops it, and starts again.
    Restart,
    /// The first is killed, and starts again.
    Crash,
    /// A second one joins.
    Join,
    /// The second one leaves.
    Leave,
}

/// What a history may consist of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) rounds: usize,
    /// Whether webhooks may be lost. If so, all accounts are listed at the end, and sometimes
    /// before.
    pub(crate) loses: bool,
    /// Whether rounds overlap. If not, each changes an account at most once, and one may become
    /// active by itself.
    pub(crate) overlaps: bool,
}

impl History {
    /// The history of a seed.
    pub(crate) fn of(seed: u64, kind: Kind) -> Self {
        let mut author = Author::new(seed, kind);
        let mut rounds: Vec<Round> = (0..kind.rounds).map(|_| author.round()).collect();
        rounds.push(author.last_round());
        Self { rounds }
    }
}

/// Writes a history. It has to know who is linked and who runs.
struct Author {
    random: fastrand::Rng,
    kind: Kind,
    is_linked: [bool; ACCOUNTS],
    has_held: [bool; ACCOUNTS],
    has_lost_unlink: [bool; ACCOUNTS],
    silent_unlinks: usize,
    has_second: bool,
    labels: usize,
}

impl Author {
    fn new(seed: u64, kind: Kind) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            kind,
            is_linked: [false; ACCOUNTS],
            has_held: [false; ACCOUNTS],
            has_lost_unlink: [false; ACCOUNTS],
            silent_unlinks: 0,
            has_second: false,
            labels: 0,
        }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.u32(..100) < percent
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.random.usize(..choices.len())].clone()
    }

    fn round(&mut self) -> Round {
        let releases_held = self.chance(70);
        let mut steps = Vec::new();
        let passes = if self.kind.overlaps { 3 } else { 1 };
        for account in (0..ACCOUNTS).cycle().take(passes * ACCOUNTS) {
            if self.chance(60) {
                steps.push(self.step(account));
            }
        }
        if releases_held {
            self.has_held = [false; ACCOUNTS];
        }
        for step in &steps {
            self.has_held[step.account] |= step.fate == Fate::Held;
            if matches!(step.change, Change::Unlink) {
                self.has_lost_unlink[step.account] = step.fate == Fate::Lost;
            }
        }
        let strays = self.strays(&steps);
        let faults = self.faults();
        let upheaval = self.upheaval();
        let is_resynced = self.kind.loses && self.chance(30);
        if is_resynced {
            self.has_lost_unlink = [false; ACCOUNTS];
        }
        Round {
            steps,
            strays,
            faults,
            upheaval,
            is_resynced,
            releases_held,
            moment: self.random.usize(..4),
        }
    }

    /// Whatever was held back comes, or everything is listed; then two accounts are gone without a
    /// word.
    fn last_round(&self) -> Round {
        let linked = (0..ACCOUNTS).filter(|account| self.is_linked[*account]);
        let lost = linked.take(if self.kind.loses { 2 } else { 0 });
        let steps = lost.map(|account| Step {
            account,
            change: Change::Unlink,
            fate: Fate::Lost,
        });
        Round {
            steps: steps.collect(),
            is_resynced: self.kind.loses,
            releases_held: true,
            ..Round::default()
        }
    }

    fn faults(&mut self) -> Vec<FaultRule> {
        let faults = 0..self.random.usize(..4);
        let mut faults: Vec<_> = faults.map(|_| fault(&mut self.random)).collect();
        if self.kind.overlaps {
            // Truths change while answers are on their way.
            faults.push(stale(&mut self.random));
        }
        faults
    }

    fn step(&mut self, account: usize) -> Step {
        let change = self.change(account);
        let fate = self.fate(&change);
        Step {
            account,
            change,
            fate,
        }
    }

    fn change(&mut self, account: usize) -> Change {
        if !self.is_linked[account] {
            self.is_linked[account] = true;
            // With a deleted webhook on its way it would depend on the moment whether it is taken
            // for gone. Where nobody has heard of the unlink, it depends on the moment whether
            // another status is told: only a new link has a grace period.
            let may_be_late =
                !self.kind.overlaps && !self.has_held[account] && !self.has_lost_unlink[account];
            return match self.random.u32(..10) {
                0..2 if may_be_late => Change::LinkLate,
                0..7 => Change::Link(Status::Active),
                _ => Change::Link(self.status()),
            };
        }
        match self.random.u32(..20) {
            0..4 => {
                self.is_linked[account] = false;
                Change::Unlink
            }
            4..7 => Change::Refresh,
            7..9 => {
                self.labels += 1;
                Change::Relabel(format!("label {}", self.labels))
            }
            9..14 => Change::Status(Status::Active),
            _ => Change::Status(self.status()),
        }
    }

    fn status(&mut self) -> Status {
        self.one_of(&[
            Status::Active,
            Status::Error,
            Status::Expired,
            Status::Suspended,
            Status::Inactive,
            Status::Archived,
            Status::Other("provisioning".to_owned()),
        ])
    }

    fn fate(&mut self, change: &Change) -> Fate {
        let is_unlink = matches!(change, Change::Unlink);
        let may_be_silent = !is_unlink || self.silent_unlinks < MOST_SILENT_UNLINKS;
        match self.random.u32(..20) {
            // Unless somebody looks, nobody knows when it becomes active.
            0..7 if matches!(change, Change::LinkLate) => Fate::Sent { copies: 1 },
            0..3 if may_be_silent => {
                self.silent_unlinks += usize::from(is_unlink);
                Fate::Held
            }
            3..7 if may_be_silent && self.kind.loses => {
                self.silent_unlinks += usize::from(is_unlink);
                Fate::Lost
            }
            7..11 => Fate::Sent {
                copies: self.random.usize(2..4),
            },
            _ => Fate::Sent { copies: 1 },
        }
    }

    fn strays(&mut self, steps: &[Step]) -> Vec<(usize, Stray)> {
        let account = self.random.usize(..ACCOUNTS);
        let links_late =
            |step: &Step| step.account == account && matches!(step.change, Change::LinkLate);
        if self.chance(50) || steps.iter().any(links_late) {
            return Vec::new();
        }
        let strays = [
            Stray::Updated,
            Stray::Deleted,
            Stray::OldUpdated,
            Stray::OldDeleted,
        ];
        vec![(account, self.one_of(&strays))]
    }

    fn upheaval(&mut self) -> Upheaval {
        match self.random.u32(..10) {
            0..3 => Upheaval::None,
            3 | 4 => Upheaval::Restart,
            5..7 => Upheaval::Crash,
            _ => {
                self.has_second = !self.has_second;
                if self.has_second {
                    Upheaval::Join
                } else {
                    Upheaval::Leave
                }
            }
        }
    }
}
