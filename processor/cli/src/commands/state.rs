//! `state get | list`: prints states as a table, or as JSON lines.

use std::io::{self, Write};

use anyhow::Context as _;
use clap::Subcommand;
use stackone_link_process::counted::counted;
use stackone_link_process::stdout::stdout;
use stackone_link_schemas::{AccountId, AccountState};
use stackone_processor::config::Settings;
use stackone_processor_core::state::store::UnreadableState;
use stackone_processor_operate::state_view::{States, states};

use crate::escaped::escaped;
use crate::{contact, values};

/// The subcommands of `state`.
#[derive(Debug, Clone, Subcommand)]
pub enum StateCommand {
    /// Show one account; exit code 1 if it has no state.
    Get {
        /// The account's id.
        #[arg(value_parser = values::account, allow_hyphen_values = true)]
        account: AccountId,
        /// Print the state as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show all accounts, or those with a status.
    List {
        /// Only accounts with this status (active, error, …) or state (active, degraded, failed,
        /// unlinked).
        #[arg(long)]
        status: Option<String>,
        /// Print one line of JSON for each state.
        #[arg(long)]
        json: bool,
    },
}

/// Which states are shown, and in which form.
#[derive(Debug, Clone, Default)]
pub struct StateSelection {
    /// Only this account.
    pub account: Option<AccountId>,
    /// Only accounts with this status or state.
    pub status: Option<String>,
    /// As JSON, one line each, as on the topic.
    pub json: bool,
}

impl StateSelection {
    fn takes(&self, state: &AccountState) -> bool {
        let Some(wanted) = &self.status else {
            return true;
        };
        let phase = serde_json::to_value(state.state).unwrap_or_default();
        state
            .status
            .as_ref()
            .is_some_and(|status| status.as_str() == wanted)
            || phase == wanted.as_str()
    }
}

/// Waits for a broker, and then prints.
pub(crate) async fn show(settings: &Settings, command: StateCommand) -> anyhow::Result<()> {
    let selection = match command {
        StateCommand::List { status, json } => StateSelection {
            status,
            json,
            ..StateSelection::default()
        },
        StateCommand::Get { account, json } => StateSelection {
            account: Some(account),
            json,
            ..StateSelection::default()
        },
    };
    contact::made(&settings.kafka).await?;
    run(settings, selection, stdout()).await
}

/// Prints the selected states to `out`.
///
/// # Errors
///
/// Fails where the topic or a state cannot be read, or the selected account has no state. The other
/// states are printed before.
pub async fn run(
    settings: &Settings,
    selection: StateSelection,
    mut out: impl Write,
) -> anyhow::Result<()> {
    let states = states(settings, selection.account.clone()).await;
    let States {
        readable,
        unreadable,
    } = states.context("state cannot be read")?;
    let has_none = readable.is_empty() && unreadable.is_empty();
    if let Some(account) = selection.account.as_ref().filter(|_| has_none) {
        anyhow::bail!(
            "account {account} has no state: no lookup of it was decided yet, or StackOne never knew it; `explain {account}` \
             says which"
        );
    }
    let selected: Vec<&AccountState> = readable
        .values()
        .filter(|state| selection.takes(state))
        .collect();
    if selection.json {
        for state in selected {
            writeln!(out, "{}", serde_json::to_string(state)?)?;
        }
    } else if !selected.is_empty() || unreadable.is_empty() {
        table(&mut out, &selected)?;
    }
    all_were_read(&unreadable)
}

/// Fails where an account is not shown because its state cannot be read.
fn all_were_read(unreadable: &[UnreadableState]) -> anyhow::Result<()> {
    let Some(first) = unreadable.first() else {
        return Ok(());
    };
    let more = match unreadable.len() - 1 {
        0 => String::new(),
        more => format!(", nor can {more} more"),
    };
    anyhow::bail!("{first}{more}; `doctor` says where it is, and what to do")
}

fn table(out: &mut impl Write, states: &[&AccountState]) -> io::Result<()> {
    let columns = [
        "ACCOUNT",
        "STATE",
        "STATUS",
        "VERSION",
        "PROVIDER",
        "OWNER",
        "CONFIRMED",
        "PENDING",
    ];
    let rows: Vec<[String; 8]> = std::iter::once(columns.map(str::to_owned))
        .chain(states.iter().map(|state| row(state)))
        .collect();
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    for row in &rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    writeln!(out, "{}", counted(states.len(), "account"))
}

fn row(state: &AccountState) -> [String; 8] {
    let account = state.account.as_ref();
    let none = || "-".to_owned();
    let phase = serde_json::to_value(state.state).ok();
    [
        state.account_id.to_string(),
        phase
            .and_then(|phase| phase.as_str().map(str::to_owned))
            .unwrap_or_else(none),
        state
            .status
            .as_ref()
            .map_or_else(none, |status| escaped(status.as_str())),
        state.version.to_string(),
        account.map_or_else(none, |account| escaped(&account.provider)),
        account.map_or_else(none, |account| escaped(&account.origin_owner_id)),
        state.confirmed_at.map_or_else(none, |at| at.to_string()),
        state.pending.as_ref().map_or_else(none, |pending| {
            format!("{} since {}", pending.total, pending.since)
        }),
    ]
}

#[cfg(test)]
mod tests {
    use stackone_link_schemas::{AccountPhase, AccountStatus};

    use super::*;
    use stackone_processor_core::reconcile::unknown_account;

    fn state() -> AccountState {
        let id = AccountId::try_from("acc-1").unwrap();
        AccountState {
            state: AccountPhase::Degraded,
            status: Some(AccountStatus::from("odd\u{1b}[2J")),
            version: 7,
            ..unknown_account(&id)
        }
    }

    #[test]
    fn a_table_is_aligned_and_harmless() {
        let mut out = Vec::new();
        table(&mut out, &[&state()]).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains('\u{1b}'), "{text:?}");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0].find("VERSION"), lines[1].find('7'), "{text}");
        assert_eq!(lines[2], "1 account");
    }

    #[test]
    fn states_are_selected_by_status_or_phase() {
        let takes = |status: Option<&str>| {
            StateSelection {
                status: status.map(str::to_owned),
                ..StateSelection::default()
            }
            .takes(&state())
        };
        assert!(takes(None) && takes(Some("degraded")) && takes(Some("odd\u{1b}[2J")));
        assert!(!takes(Some("active")));
    }
}
