//! Words for where the account is, in one sentence. Pure.

use jiff::Timestamp;

use super::words;
use crate::explain::finding::{About, AccountFinding};
use crate::explain::found::Evidence;
use crate::explain::standing::{AccountStanding, put_aside};

pub(super) fn sentence(
    found: &Evidence,
    standing: AccountStanding,
    now: Timestamp,
) -> AccountFinding {
    let state = found.state();
    let says = match standing {
        AccountStanding::Unknown => "where it is cannot be said: its state was not read".to_owned(),
        AccountStanding::UnlinkHeld => {
            let says = "it answers 404 and is not unlinked: it is due this moment, or too many \
                        accounts of its project vanished at once";
            return AccountFinding::found(About::Account, says).advising(
                "see whether the project's key and base_url are right, then `unlinks list` and \
                 `unlinks release`",
            );
        }
        AccountStanding::Pending => {
            "it is being looked up: its triggers are not decided yet".to_owned()
        }
        AccountStanding::NotProcessed => {
            let says = "its newest trigger waits for the processor, which has not come to it yet";
            return AccountFinding::found(About::Account, says)
                .advising("if that stays so, see whether a processor runs and its lag");
        }
        AccountStanding::PutAside => {
            let why = put_aside(found, state).map_or("a dead letter", |one| one.reason.as_str());
            let says = format!("its newest trigger was put aside as {why}: nothing came of it");
            return AccountFinding::found(About::Account, says).advising(
                "remove the cause, then `redrive --account` with its id; see StackOneDeadLetters in \
                 deploy/runbook.md",
            );
        }
        AccountStanding::Confirmed => confirmed(found, now),
        AccountStanding::Unrecognized => {
            "its webhooks came, signed by StackOne, and were of no use: see below why".to_owned()
        }
        AccountStanding::NothingToRemember => {
            "its triggers were processed and nothing is remembered of it: StackOne answered 404 \
             throughout, or it is not known how far the processor is"
                .to_owned()
        }
        AccountStanding::NotHeardOf => {
            "there is nothing of it: no state, no webhook, no dead letter".to_owned()
        }
    };
    AccountFinding::found(About::Account, says)
}

fn confirmed(found: &Evidence, now: Timestamp) -> String {
    let Some(state) = found.state() else {
        return String::new();
    };
    let phase = words::phase(state.state);
    let since = words::time(state.confirmed_at);
    match state.recheck {
        Some(recheck) if recheck.due_at > now => format!(
            "it is {phase}, as last told {since}, and is looked at again {}",
            recheck.due_at
        ),
        Some(_) | None => format!("it is {phase}, as last told {since}, and nothing waits"),
    }
}
