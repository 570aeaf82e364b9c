//! `unlinks list | release`: prints or releases accounts that are not unlinked because too many of
//! their project vanished at once.

use std::io::Write;

use anyhow::Context as _;
use clap::Subcommand;
use jiff::Timestamp;
use stackone_link_process::counted::counted;
use stackone_link_process::stdout::stdout;
use stackone_processor::config::Settings;
use stackone_processor_operate::unlinks::{Vanished, release, vanished};

use crate::contact;

/// The subcommands of `unlinks`.
#[derive(Debug, Clone, Subcommand)]
pub enum UnlinksCommand {
    /// Show the accounts that answer 404 although no webhook reported their deletion, as the state
    /// topic has them. Changes nothing.
    List {
        /// Only accounts of this project.
        #[arg(long, value_name = "ID")]
        project: Option<String>,
        /// Print one line of JSON for each account.
        #[arg(long)]
        json: bool,
    },
    /// Confirm that the accounts of a project that vanished until now are gone. Each is looked up
    /// once more, and unlinked if it still answers 404.
    ///
    /// The running processors do that, and so do those that start later. First make sure that the
    /// API key and the base_url belong to the project: an unlink cannot be taken back, only
    /// followed by a new link.
    Release {
        /// The project's id; "default" where a single project is configured without one.
        project: String,
    },
}

/// Waits for a broker, and then shows or releases.
pub(crate) async fn command(command: UnlinksCommand, settings: &Settings) -> anyhow::Result<()> {
    contact::made(&settings.kafka).await?;
    run(command, settings, &mut stdout()).await
}

/// Shows or releases, and prints the result.
///
/// # Errors
///
/// Fails where the project is not configured, or Kafka cannot be read or written.
pub async fn run(
    command: UnlinksCommand,
    settings: &Settings,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    match command {
        UnlinksCommand::List { project, json } => {
            list(project.as_deref(), json, settings, out).await
        }
        UnlinksCommand::Release { project } => {
            let partitions = release(settings, &project).await?;
            let told = match partitions {
                1 => "the only partition".to_owned(),
                count => format!("all {count} partitions"),
            };
            writeln!(
                out,
                "{project}: told {told}; each account that vanished until now is looked up once \
                 more, and unlinked if it still answers 404"
            )?;
            Ok(())
        }
    }
}

async fn list(
    project: Option<&str>,
    json: bool,
    settings: &Settings,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let vanished = vanished(settings, project).await;
    let vanished = vanished.context("state cannot be read")?;
    for account in &vanished {
        if json {
            writeln!(out, "{}", serde_json::to_string(&account.state)?)?;
        } else {
            writeln!(out, "{}", line(account, Timestamp::now()))?;
        }
    }
    if !json {
        let verbs = match vanished.len() {
            1 => "answers 404 and is",
            _ => "answer 404 and are",
        };
        let accounts = counted(vanished.len(), "account");
        writeln!(out, "{accounts} {verbs} not unlinked")?;
    }
    Ok(())
}

fn line(account: &Vanished, now: Timestamp) -> String {
    let (state, grace) = (&account.state, account.grace);
    let what = match grace.released_at {
        Some(released) => format!("released {released}"),
        None if grace.deadline <= now => "due".to_owned(),
        None => format!("doubted until {}", grace.deadline),
    };
    let (id, project, since) = (&state.account_id, &account.project, grace.since);
    format!("{id}  {project}  404 since {since}  {what}")
}

#[cfg(test)]
mod tests {
    use stackone_link_schemas::{AccountId, Grace, GraceKind, Trigger};
    use stackone_processor_core::reconcile::unknown_account;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_772_614_800 + seconds).unwrap()
    }

    fn account(released_at: Option<Timestamp>) -> Vanished {
        let id = AccountId::try_from("acc-1").unwrap();
        Vanished {
            state: unknown_account(&id),
            grace: Grace {
                kind: GraceKind::Vanish,
                trigger: Trigger::Recheck,
                since: at(0),
                deadline: at(600),
                answers: 1,
                released_at,
            },
            project: "default".to_owned(),
        }
    }

    #[test]
    fn an_account_that_vanished_says_how_it_stands() {
        let how = |released_at, now| line(&account(released_at), at(now));
        assert!(
            how(None, 599)
                .starts_with("acc-1  default  404 since 2026-03-04T09:00:00Z  doubted until")
        );
        assert!(how(None, 600).ends_with("  due"));
        assert!(how(Some(at(700)), 800).contains("  released 2026-03-04T09:11:40Z"));
    }
}
