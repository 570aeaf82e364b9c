//! Lists the newest of many things one by one. Pure.

use crate::explain::finding::{About, AccountFinding};
use crate::explain::newest::Newest;
use stackone_link_process::counted::counted;

/// The most things of a kind that get a line.
const TOLD: usize = 10;

/// Returns a line for each of the newest, and one for the number of others.
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
