//! Accounts that are linked, refreshed, degraded, recovered and unlinked at random, so that
//! dashboards have something to show.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::account::{Account, NewAccount};
use crate::account_status::{AccountStatus, StatusReason};
use crate::account_store::AccountError;
use crate::notify::Notify;
use crate::simulator::Simulator;

/// Beyond this, more accounts are unlinked than linked.
const ENOUGH_ACCOUNTS: usize = 200;

const PROVIDERS: [(&str, &str); 4] = [
    ("bamboohr", "BambooHR"),
    ("hibob", "HiBob"),
    ("greenhouse", "Greenhouse"),
    ("workday", "Workday"),
];

/// What happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    Link,
    Refresh(usize),
    Degrade(usize),
    Recover(usize),
    Unlink(usize),
}

/// Goes on until the simulator stops.
pub(crate) async fn run(simulator: Simulator, per_minute: NonZeroU32, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut tick = tokio::time::interval(Duration::from_secs(60) / per_minute.get());
    let stop = simulator.stop_token().clone();
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        let accounts = simulator.linked_accounts();
        let change = choose(&mut random, &accounts);
        if let Err(error) = carry_out(&simulator, &accounts, &change, &mut random) {
            // Somebody else may have unlinked it in between.
            tracing::debug!(%error, ?change, "a random change was not possible");
        }
    }
}

fn choose(random: &mut fastrand::Rng, accounts: &[Account]) -> Change {
    if accounts.is_empty() {
        return Change::Link;
    }
    let chosen = random.usize(..accounts.len());
    let degraded = accounts[chosen].status != AccountStatus::Active;
    let links = if accounts.len() < ENOUGH_ACCOUNTS {
        40
    } else {
        5
    };
    match random.u32(..100) {
        roll if roll < links => Change::Link,
        roll if roll >= 92 => Change::Unlink(chosen),
        _ if degraded => Change::Recover(chosen),
        roll if roll >= 80 => Change::Degrade(chosen),
        _ => Change::Refresh(chosen),
    }
}

fn carry_out(
    simulator: &Simulator,
    accounts: &[Account],
    change: &Change,
    random: &mut fastrand::Rng,
) -> Result<(), AccountError> {
    match *change {
        Change::Link => simulator.link(&made_up(random)).map(|_id| ()),
        Change::Refresh(index) => simulator.refresh_credentials(&accounts[index].id, Notify::Send),
        Change::Degrade(index) => {
            let reason = StatusReason::new("401", "the provider refused the stored credentials");
            let id = &accounts[index].id;
            simulator.set_status(id, AccountStatus::Error, vec![reason], Notify::Send)
        }
        Change::Recover(index) => {
            let id = &accounts[index].id;
            simulator.set_status(id, AccountStatus::Active, Vec::new(), Notify::Send)
        }
        Change::Unlink(index) => simulator.unlink(&accounts[index].id, Notify::Send),
    }
}

fn made_up(random: &mut fastrand::Rng) -> NewAccount {
    let (key, name) = PROVIDERS[random.usize(..PROVIDERS.len())];
    let tenant = random.u32(1..=20);
    NewAccount {
        provider_name: Some(name.to_owned()),
        ..NewAccount::new(
            key,
            &format!("tenant-{tenant}"),
            &format!("Tenant {tenant}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account_store::AccountStore;
    use crate::timestamp;

    #[test]
    fn traffic_begins_with_a_link_and_then_does_everything() {
        let mut random = fastrand::Rng::with_seed(3);
        assert_eq!(choose(&mut random, &[]), Change::Link);
        let mut store = AccountStore::new(1);
        let account = store
            .link("p", &NewAccount::default(), timestamp::now())
            .unwrap();
        let degraded = Account {
            status: AccountStatus::Error,
            ..account.clone()
        };
        let accounts = [account, degraded];
        let changes: Vec<Change> = (0..500).map(|_| choose(&mut random, &accounts)).collect();
        for expected in [
            Change::Link,
            Change::Refresh(0),
            Change::Degrade(0),
            Change::Recover(1),
            Change::Unlink(1),
        ] {
            assert!(changes.contains(&expected), "{expected:?}");
        }
        assert!(!changes.contains(&Change::Degrade(1)));
    }
}
