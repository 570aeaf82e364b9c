//! Words for StackOne's answer. Pure.

use crate::explain::ask::{Decided, StackOneAnswer};
use crate::explain::finding::{About, AccountFinding};
use crate::explain::unseen::NotSeen;

pub(in crate::explain) fn answer(asked: &Result<StackOneAnswer, NotSeen>) -> AccountFinding {
    let answer = match asked {
        Ok(answer) => answer,
        Err(unseen) => return AccountFinding::not_looked_at(About::Stackone, unseen.to_string()),
    };
    let said = match &answer.status {
        Some(status) => format!("shows the account with status {status}"),
        None => "answers 404: no such account for this key".to_owned(),
    };
    let asked_for = match answer.is_for_pending {
        true => "for what is pending",
        false => "for a look such as a resync's",
    };
    let would = match &answer.decided {
        Decided::Emit { event } if event == "account.unlinked" => {
            "tell account.unlinked, unless its project's unlinks are held".to_owned()
        }
        Decided::Emit { event } => format!("tell {event}"),
        Decided::Skip { reason } => format!("tell nothing ({reason})"),
        Decided::Recheck { due_at } => {
            format!("believe that only after a grace period, and look again {due_at}")
        }
    };
    let project = &answer.project;
    let says = format!(
        "StackOne, asked with the key of project {project}, {said}; {asked_for} the \
                 pipeline would {would}"
    );
    AccountFinding::found(About::Stackone, says)
}
