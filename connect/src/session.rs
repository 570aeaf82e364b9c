//! A link session as the fold of its facts, in the order of the log. Pure: no clock, no I/O.

mod before;
mod concerned;
mod decide;
mod fold;
#[cfg(test)]
mod picture;
#[cfg(test)]
mod replicas;
mod standing;
mod tenant;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub(crate) use fold::{Hint, Session, SessionState};
pub(crate) use standing::{Owner, Seen, Standing};
pub(crate) use tenant::{Folded, TenantState};
