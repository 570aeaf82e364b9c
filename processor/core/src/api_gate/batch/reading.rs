//! What a list tells of the accounts that were asked for.

use crate::HashMap;
use std::collections::hash_map::Entry;

use stackone_client_types::Account;

use super::anomaly::BatchAnomaly;
use crate::work::AccountKey;

/// An account that was asked for, under the assignment of its partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The account.
    pub key: AccountKey,
    /// The assignment of its partition under which it was asked for.
    pub epoch: u64,
}

/// What a list tells of the accounts that were asked for: each of them is either shown or missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Those that it shows.
    pub shown: Vec<(Asked, Account)>,
    /// Those of which it tells nothing.
    pub missing: Vec<Asked>,
    /// What is odd about it.
    pub odd: Option<BatchAnomaly>,
}

/// Reads a list by its ids; its order means nothing.
#[must_use]
pub fn read(asked: Vec<Asked>, accounts: Vec<(String, Account)>) -> Reading {
    let mut odd = None;
    let mut listed: HashMap<String, Option<Account>> = HashMap::default();
    for (id, account) in accounts {
        match listed.entry(id) {
            Entry::Vacant(place) => drop(place.insert(Some(account))),
            Entry::Occupied(mut place) => {
                place.insert(None);
                odd = Some(BatchAnomaly::Repeated);
            }
        }
    }
    let (mut shown, mut missing) = (Vec::new(), Vec::new());
    for asked in asked {
        match listed.remove(asked.key.id.as_str()).flatten() {
            Some(account) => shown.push((asked, account)),
            None => missing.push(asked),
        }
    }
    if !listed.is_empty() {
        odd = Some(BatchAnomaly::NotAsked);
    }
    Reading {
        shown,
        missing,
        odd,
    }
}
