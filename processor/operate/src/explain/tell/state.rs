//! Words for the confirmed state. Pure.

use stackone_link_schemas::AccountState;

use super::words;
use crate::explain::finding::{About, AccountFinding};
use crate::explain::unseen::NotSeen;

pub(super) fn state(topic: &str, state: &Result<Option<AccountState>, NotSeen>) -> AccountFinding {
    let state = match state {
        Err(unseen) => {
            return AccountFinding::not_looked_at(About::State, format!("{topic}: {unseen}"));
        }
        Ok(None) => {
            let says = format!(
                "no state on {topic}: nothing was ever confirmed of it, and nothing of it is pending"
            );
            return AccountFinding::not_found(About::State, says);
        }
        Ok(Some(state)) => state,
    };
    if state.version == 0 {
        let says = "nothing was confirmed of it yet";
        return AccountFinding::not_found(About::State, says);
    }
    let status = state
        .status
        .as_ref()
        .map_or("none", |status| status.as_str());
    let provider = state.account.as_ref().map_or_else(String::new, |account| {
        format!(", provider {}", account.provider)
    });
    let says = format!(
        "{}, status {status}{}, version {}, confirmed {}, project {}{provider}",
        words::phase(state.state),
        words::reasons(&state.status_reasons),
        state.version,
        words::time(state.confirmed_at),
        state.project_id.as_deref().unwrap_or("not named"),
    );
    AccountFinding::found(About::State, says)
}
