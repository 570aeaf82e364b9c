//! Words for whether resyncs list the account. Pure.

use super::extent::looked_for;
use crate::explain::finding::{About, AccountFinding};
use crate::explain::found::{CompleteList, Events, SeenOnTopic};
use crate::explain::question::AccountQuestion;
use crate::explain::unseen::NotSeen;

pub(super) fn lists(
    question: &AccountQuestion,
    events: &Result<SeenOnTopic<Events>, NotSeen>,
) -> Vec<AccountFinding> {
    // The findings about triggers report a topic that was not read.
    let Ok(SeenOnTopic { found, looked }) = events else {
        return Vec::new();
    };
    if found.lists.is_empty() {
        let says = format!(
            "no complete list of a resync {}: no resync has run to its end",
            looked_for(question, looked)
        );
        return vec![AccountFinding::not_found(About::Lists, says)];
    }
    found.lists.iter().map(list).collect()
}

fn list(list: &CompleteList) -> AccountFinding {
    let project = list.project_id.as_deref().unwrap_or("default");
    let began = list.began_at;
    let which = format!("the newest complete list of project {project}, begun {began}");
    if list.names_account {
        return AccountFinding::found(About::Lists, format!("{which}, has it"));
    }
    let says =
        format!("{which}, does not have it: StackOne does not show it to this project's key");
    AccountFinding::not_found(About::Lists, says)
}
