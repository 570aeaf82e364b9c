//! StackOne's side of a history: what is true of each account, and the webhooks that say so or do
//! not.

use std::collections::HashSet;
use std::time::Duration;

use harness::Pipeline;
use jiff::{SignedDuration, Timestamp};
use stackone_link_wire::partition_of_key;
use stackone_simulator::{
    AccountId, AccountStatus as Status, CustomWebhook, NewAccount, Notify, Simulator,
};

use super::history::{ACCOUNTS, Change, Fate, Round, Step, Stray};
use super::reference::Truth;

/// Well within the grace period, and longer than a stale answer is old.
const LATE: Duration = Duration::from_millis(250);

/// What was true of an account from a moment on.
#[derive(Debug, Clone)]
pub(crate) struct Era {
    pub(crate) since: Timestamp,
    pub(crate) truth: Option<Truth>,
}

pub(crate) struct World<'a> {
    pub(crate) simulator: &'a Simulator,
    pub(crate) ids: Vec<AccountId>,
    /// One for each partition: when its change is told, everything before it in the partition was
    /// taken in.
    pub(crate) sentinels: Vec<AccountId>,
    /// What was true of each account, oldest first.
    pub(crate) eras: Vec<Vec<Era>>,
    held: Vec<CustomWebhook>,
    outbox: Vec<CustomWebhook>,
    random: fastrand::Rng,
}

impl<'a> World<'a> {
    pub(crate) fn new(pipeline: &'a Pipeline, partitions: i32, seed: u64) -> Self {
        let simulator = &pipeline.simulator;
        let ids = (0..ACCOUNTS).map(|n| AccountId::from(format!("account-{n}-{seed:x}")));
        let sentinel = |partition| {
            let mut candidates = (0..).map(|n| format!("sentinel-{n}"));
            let fits = |id: &String| partition_of_key(id.as_bytes(), partitions) == partition;
            AccountId::from(candidates.find(fits).unwrap())
        };
        let sentinels: Vec<AccountId> = (0..partitions).map(sentinel).collect();
        for id in &sentinels {
            simulator.link(&new_account(id, Status::Active)).unwrap();
        }
        let nobody = Era {
            since: Timestamp::MIN,
            truth: None,
        };
        Self {
            simulator,
            ids: ids.collect(),
            sentinels,
            eras: vec![vec![nobody]; ACCOUNTS],
            held: Vec::new(),
            outbox: Vec::new(),
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// What the API shows of an account now.
    pub(crate) fn truth(&self, account: usize) -> Option<Truth> {
        let account = self.simulator.account(&self.ids[account]);
        account
            .filter(|account| !account.unlinked)
            .map(|account| Truth {
                status: account.status.as_str().into(),
                updated_at: account.updated_at,
                label: account.label,
            })
    }

    /// Changes what a round changes and puts webhooks into the outbox: those of the changes, those
    /// that were held back in former rounds, and those that no change has caused.
    pub(crate) fn play(&mut self, round: &Round) {
        if round.releases_held {
            self.outbox.append(&mut self.held);
        }
        for step in &round.steps {
            self.change(step);
        }
        for (account, stray) in &round.strays {
            let stray = self.stray(*account, *stray);
            self.outbox.push(stray);
        }
    }

    /// Sends some webhooks of the outbox, none or all of them included, in any order. Gives how
    /// many accounts they name.
    pub(crate) fn send_some(&mut self) -> usize {
        let webhooks = self.random.usize(..=self.outbox.len());
        self.send(webhooks)
    }

    /// What has no other reason to be so or so.
    pub(crate) fn tosses_heads(&mut self) -> bool {
        self.random.bool()
    }

    /// Sends all that are left.
    pub(crate) fn send_all(&mut self) {
        self.send(self.outbox.len());
    }

    fn send(&mut self, webhooks: usize) -> usize {
        self.random.shuffle(&mut self.outbox);
        let mut named = HashSet::new();
        for webhook in self.outbox.drain(..webhooks) {
            named.extend(webhook.account_id.clone());
            self.simulator.send_webhook(webhook).unwrap();
        }
        named.len()
    }

    /// Changes the sentinels. Gives what their last change is dated with.
    pub(crate) fn stir_sentinels(&self) -> Vec<Timestamp> {
        let stir = |id: &AccountId| {
            self.simulator
                .refresh_credentials(id, Notify::Send)
                .unwrap();
            self.simulator.account(id).unwrap().updated_at
        };
        self.sentinels.iter().map(stir).collect()
    }

    /// Changes the truth, in silence, and lets its webhook have its fate.
    pub(crate) fn change(&mut self, step: &Step) {
        let id = &self.ids[step.account];
        let event = match &step.change {
            Change::Link(_) | Change::LinkLate => "account.created",
            Change::Status(_) | Change::Refresh | Change::Relabel(_) => "account.updated",
            Change::Unlink => "account.deleted",
        };
        self.carry_out(id, &step.change);
        let date = self.simulator.account(id).unwrap().updated_at;
        let webhook = CustomWebhook {
            event_date: Some(date),
            ..CustomWebhook::new(event, id)
        };
        let truth = self.truth(step.account);
        self.eras[step.account].push(Era { since: date, truth });
        match step.fate {
            Fate::Sent { copies } => self.outbox.extend(vec![webhook; copies]),
            Fate::Held => self.held.push(webhook),
            Fate::Lost => {}
        }
    }

    fn carry_out(&self, id: &AccountId, change: &Change) {
        let simulator = self.simulator;
        let silent = Notify::Silent;
        match change.clone() {
            Change::Link(status) => simulator.link(&new_account(id, status)).map(drop),
            Change::LinkLate => {
                let late = NewAccount {
                    activates_after: Some(LATE),
                    ..new_account(id, Status::Inactive)
                };
                simulator.link(&late).map(drop)
            }
            Change::Status(status) => simulator.set_status(id, status, Vec::new(), silent),
            Change::Refresh => simulator.refresh_credentials(id, silent),
            Change::Relabel(label) => simulator.set_label(id, Some(label), silent),
            Change::Unlink => simulator.unlink(id, silent),
        }
        .unwrap();
    }

    fn stray(&self, account: usize, stray: Stray) -> CustomWebhook {
        let now = Timestamp::now();
        let long_ago = now - SignedDuration::from_hours(1);
        let (event, date) = match stray {
            Stray::Updated => ("account.updated", now),
            Stray::Deleted => ("account.deleted", now),
            Stray::OldUpdated => ("account.updated", long_ago),
            Stray::OldDeleted => ("account.deleted", long_ago),
        };
        CustomWebhook {
            event_date: Some(date),
            ..CustomWebhook::new(event, &self.ids[account])
        }
    }
}

fn new_account(id: &AccountId, status: Status) -> NewAccount {
    let notify = if id.as_str().starts_with("sentinel") {
        Notify::Send
    } else {
        Notify::Silent
    };
    NewAccount {
        id: Some(id.clone()),
        status,
        notify,
        ..NewAccount::new("bamboohr", "tenant-1", "Acme")
    }
}
