//! Accounts that are linked and change.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use fastrand::Rng;
use harness::{WITHIN, eventually};
use stackone_simulator::{
    AccountId, AccountStatus as Status, Fault, FaultRule, NewAccount, Notify, Simulator,
};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Time between two changes.
const EVERY: Duration = Duration::from_millis(40);
/// How many accounts there are in the end.
const ACCOUNTS: usize = 40;
/// How long each lookup takes, so that some are under way whenever something happens.
const LOOKUP: Duration = Duration::from_millis(100);

/// Accounts that change all the time, each with its webhook.
pub(crate) struct Load {
    simulator: Simulator,
    changes: Arc<AtomicU64>,
    stop: DropGuard,
    changing: JoinHandle<Vec<AccountId>>,
}

impl Load {
    pub(crate) fn start(simulator: &Simulator, mut random: Rng) -> Self {
        let rule = FaultRule::always(Fault::Latency { delay: LOOKUP });
        simulator.faults().set(rule).unwrap();
        let (simulator, stop) = (simulator.clone(), CancellationToken::new());
        let (handle, stopping) = (simulator.clone(), stop.clone());
        let changes = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&changes);
        let changing = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut ids = Vec::new();
            while !stopping.is_cancelled() {
                ticks.tick().await;
                change(&handle, &mut ids, &mut random);
                counter.fetch_add(1, Relaxed);
            }
            ids
        });
        Self {
            simulator,
            changes,
            stop: stop.drop_guard(),
            changing,
        }
    }

    /// How many changes there were.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Relaxed)
    }

    /// Waits until there were so many more.
    pub(crate) async fn more(&self, by: u64) {
        let enough = self.changes() + by;
        let grown = eventually("more changes", WITHIN, async || {
            let now = self.changes();
            if now < enough { Err(now) } else { Ok(()) }
        });
        grown.await.unwrap();
    }

    /// Ends, with every account active and changed once more, and gives them.
    pub(crate) async fn finish(self) -> Vec<AccountId> {
        drop(self.stop);
        let ids = self.changing.await.unwrap();
        for id in &ids {
            let account = self.simulator.account(id).unwrap();
            if account.status != Status::Active {
                set(&self.simulator, id, Status::Active);
            }
        }
        stir(&self.simulator, &ids).await;
        ids
    }
}

/// Changes every account; webhooks are on Kafka when it returns.
pub(crate) async fn stir(simulator: &Simulator, ids: &[AccountId]) {
    for id in ids {
        simulator.refresh_credentials(id, Notify::Send).unwrap();
    }
    simulator.settled().await;
}

/// Links this many accounts; webhooks are on Kafka when it returns.
pub(crate) async fn link_all(simulator: &Simulator, count: usize) -> Vec<AccountId> {
    let ids = (0..count).map(|number| link(simulator, number)).collect();
    simulator.settled().await;
    ids
}

fn change(simulator: &Simulator, ids: &mut Vec<AccountId>, random: &mut Rng) {
    if ids.is_empty() || (ids.len() < ACCOUNTS && random.u8(..8) == 0) {
        ids.push(link(simulator, ids.len()));
        return;
    }
    let id = &ids[random.usize(..ids.len())];
    match random.u8(..8) {
        0 => set(simulator, id, Status::Error),
        1 | 2 => set(simulator, id, Status::Active),
        _ => simulator.refresh_credentials(id, Notify::Send).unwrap(),
    }
}

fn link(simulator: &Simulator, number: usize) -> AccountId {
    let new = NewAccount::new("bamboohr", &format!("tenant-{number}"), "Acme");
    simulator.link(&new).unwrap()
}

fn set(simulator: &Simulator, id: &AccountId, status: Status) {
    let changed = simulator.set_status(id, status, Vec::new(), Notify::Send);
    changed.unwrap();
}
