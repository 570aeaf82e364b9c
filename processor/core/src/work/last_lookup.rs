//! The outcome of the last lookup for an account's undecided triggers. Pure.

use jiff::Timestamp;
use stackone_client_types::{ApiError, Lookup};
use stackone_link_schemas::{LastLookup, LastOutcome, Pending};

/// Returns the outcome of a lookup whose result came at `at`.
pub(crate) fn of(result: Result<&Lookup, &ApiError>, at: Timestamp) -> LastLookup {
    let (outcome, status, http_status) = match result {
        Ok(Lookup::Found(account)) => (LastOutcome::Found, Some(account.status.clone()), None),
        Ok(Lookup::NotFound) => (LastOutcome::NotFound, None, None),
        Err(ApiError::RateLimited { .. }) => (LastOutcome::RateLimited, None, None),
        Err(ApiError::Unavailable { .. }) => (LastOutcome::Unavailable, None, None),
        Err(ApiError::Refused { status }) => (LastOutcome::Refused, None, Some(u32::from(*status))),
        Err(ApiError::Rejected { status }) => {
            (LastOutcome::Rejected, None, Some(u32::from(*status)))
        }
        Err(ApiError::Unreadable { .. }) => (LastOutcome::Unreadable, None, None),
    };
    LastLookup {
        at,
        outcome,
        status,
        http_status,
    }
}

/// Returns the later of two outcomes.
pub(super) fn newest(one: Option<LastLookup>, other: Option<LastLookup>) -> Option<LastLookup> {
    let both = one.into_iter().chain(other);
    both.max_by_key(|lookup| lookup.at)
}

/// Returns the outcome that pending work has.
pub(crate) fn outcome(pending: &Pending) -> Option<&LastOutcome> {
    pending.last_lookup.as_ref().map(|last| &last.outcome)
}
