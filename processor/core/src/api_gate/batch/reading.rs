//! Sorts the accounts of a batch into those that the list shows and those that it leaves out.

use crate::HashMap;
use std::collections::hash_map::Entry;

use stackone_client_types::Account;

use super::anomaly::BatchAnomaly;
use crate::work::AccountKey;

/// An account that was asked for, with the assignment of its partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The account and its partition.
    pub key: AccountKey,
    /// The epoch under which it was asked for.
    pub epoch: u64,
}

/// A list, sorted: each account that was asked for is either shown or missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The accounts that the list shows.
    pub shown: Vec<(Asked, Account)>,
    /// The accounts that the list leaves out, which says nothing about them.
    pub missing: Vec<Asked>,
    /// The anomaly of the list, if it has one.
    pub odd: Option<BatchAnomaly>,
}

/// Sorts a list by account ids. Its order means nothing.
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
