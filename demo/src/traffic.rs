//! Gentle traffic, so that there is something to see after the story.

use std::time::Duration;

use stackone_simulator::{Account, AccountError, AccountStatus, Notify, Simulator, StatusReason};

use crate::cast::account_of;
use crate::screen::Screen;

/// How often something happens.
const EVERY: Duration = Duration::from_secs(4);
/// More accounts are linked only up to this many.
const ENOUGH: usize = 8;

const CUSTOMERS: [&str; 6] = ["Wonka", "Stark", "Wayne", "Tyrell", "Cyberdyne", "Soylent"];
const PROVIDERS: [(&str, &str); 4] = [
    ("bamboohr", "BambooHR"),
    ("hibob", "HiBob"),
    ("workday", "Workday"),
    ("ashby", "Ashby"),
];

/// Goes on until it is dropped.
pub(crate) async fn run(simulator: &Simulator, screen: &Screen) {
    let mut random = fastrand::Rng::new();
    loop {
        tokio::time::sleep(EVERY).await;
        screen.text("");
        // Somebody else may have changed the account in between: then nothing happens this time.
        let _not_possible = change_something(simulator, &mut random);
    }
}

fn change_something(simulator: &Simulator, random: &mut fastrand::Rng) -> Result<(), AccountError> {
    let accounts = simulator.linked_accounts();
    let chosen = random.choice(&accounts);
    let Some(account) = chosen.filter(|_| random.u32(..100) < chance_of_change(accounts.len()))
    else {
        let name = CUSTOMERS[random.usize(..CUSTOMERS.len())];
        let provider = PROVIDERS[random.usize(..PROVIDERS.len())];
        return simulator.link(&account_of(name, provider)).map(|_id| ());
    };
    change(simulator, account, random.u32(..100))
}

/// In percent; otherwise an account is linked.
const fn chance_of_change(accounts: usize) -> u32 {
    if accounts < ENOUGH { 70 } else { 100 }
}

fn change(simulator: &Simulator, account: &Account, roll: u32) -> Result<(), AccountError> {
    let id = &account.id;
    if account.status != AccountStatus::Active {
        return simulator.set_status(id, AccountStatus::Active, Vec::new(), Notify::Send);
    }
    match roll {
        0..50 => simulator.refresh_credentials(id, Notify::Send),
        50..80 => {
            let reason = StatusReason::new("401", "the provider refused the stored credentials");
            simulator.set_status(id, AccountStatus::Error, vec![reason], Notify::Send)
        }
        _ => simulator.unlink(id, Notify::Send),
    }
}
