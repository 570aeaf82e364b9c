//! The newest of many things, one by one. Pure.

use crate::explain::finding::{About, AccountFinding};
use crate::explain::newest::Newest;
use stackone_link_process::counted::counted;

/// Most things of a kind that are told one by one.
const TOLD: usize = 10;

/// The newest of them, and how many more there are.
pub(super) fn newest<T>(
    about: About,
    all: &Newest<T>,
    tell: impl Fn(&T) -> AccountFinding,
) -> Vec<AccountFinding> {
    let untold = all.newest.len().saturating_sub(TOLD);
    let more = all
        .total
        .saturating_sub(TOLD.try_into().unwrap_or(u64::MAX));
    let before = (more > 0).then(|| {
        let says = format!("and {} before these", counted(more, "record"));
        AccountFinding::found(about, says)
    });
    let told = all.newest.iter().skip(untold).map(tell);
    before.into_iter().chain(told).collect()
}
