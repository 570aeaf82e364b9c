//! Words for undecided work, StackOne's last answer, and the next lookup. Pure.

use jiff::Timestamp;
use stackone_link_schemas::{AccountState, Grace, LastOutcome, Pending};
use stackone_processor::config::Settings;
use stackone_processor_core::reconcile::next_look;

use super::words;
use crate::explain::finding::{About, AccountFinding};
use crate::explain::standing::is_held;
use stackone_link_process::counted::counted;

pub(super) fn pending(
    settings: &Settings,
    state: Option<&AccountState>,
    now: Timestamp,
) -> Option<AccountFinding> {
    let pending = state?.pending.as_ref()?;
    let last = match &pending.last_lookup {
        Some(last) => format!("at {} {}", last.at, words::answer(last)),
        None => "it was not looked up yet".to_owned(),
    };
    let triggers = match pending.total {
        0 => "a look of the processor's own".to_owned(),
        total => counted(total, "trigger"),
    };
    let says = format!(
        "{triggers} since {}, {}: {last}; {}",
        pending.since,
        counted(pending.lookups, "lookup"),
        again(settings, pending, now)
    );
    Some(AccountFinding::found(About::Pending, says))
}

/// Returns when the account is looked up again.
fn again(settings: &Settings, pending: &Pending, now: Timestamp) -> String {
    if is_held(pending, now) {
        return "it is looked at now and then, and unlinked once its project's unlinks are not held \
                or are released"
            .to_owned();
    }
    let Some(last) = &pending.last_lookup else {
        return "it waits for its turn in the project's budget, or for a processor that runs"
            .to_owned();
    };
    match &last.outcome {
        LastOutcome::Found | LastOutcome::NotFound => pending.grace.as_ref().map_or_else(
            || "it is looked at again within seconds".to_owned(),
            |grace| in_grace(grace, now),
        ),
        LastOutcome::RateLimited => {
            "its project is asked again when StackOne's Retry-After is over: 60 s where it names \
             none, at most 5 min"
                .to_owned()
        }
        LastOutcome::Unavailable => {
            "it backs off and is asked again within 5 min, without end".to_owned()
        }
        LastOutcome::Refused => {
            "its project is asked again once a probe with the key is accepted: every 30 s, and at \
             once with another key"
                .to_owned()
        }
        LastOutcome::Rejected => {
            "after three attempts, within seconds, it becomes a dead letter lookup_rejected"
                .to_owned()
        }
        LastOutcome::Unreadable => format!(
            "after five attempts over at least {} s it becomes a dead letter lookup_unreadable",
            settings.lookups.unreadable_time.as_secs()
        ),
        LastOutcome::Other(_) => "a newer processor knows when it is asked again".to_owned(),
    }
}

pub(super) fn in_grace(grace: &Grace, now: Timestamp) -> String {
    let Grace { kind, deadline, .. } = *grace;
    let released = match grace.released_at {
        Some(released) => format!(" (an operator released it {released})"),
        None => String::new(),
    };
    format!(
        "it has until {deadline} to {}{released}, and is looked at again {}",
        words::waits_for(kind),
        next_look(grace, now)
    )
}
