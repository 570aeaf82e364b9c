//! The command line.

mod doctor;
mod explain;
mod look;
mod redrive;
mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use stackone_link_process::healthcheck::Healthcheck;
use stackone_link_schemas::AccountId;

pub use doctor::Doctor;
pub use explain::Explain;
pub use look::Look;
pub use redrive::RedriveArguments;

/// Asks StackOne what is true of each linked account and emits every transition exactly once.
#[derive(Debug, Clone, Parser)]
#[command(name = "stackone-processor", version, after_help = AFTER_HELP)]
pub struct Cli {
    /// Settings that replace defaults, in TOML; see processor/config.default.toml for every key.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const AFTER_HELP: &str = "\
Without a command it runs. Settings come from built-in defaults, then --config, then the environment:
  PROCESSOR__KAFKA__BOOTSTRAP_SERVERS=kafka:9092   any setting, as PROCESSOR__SECTION__KEY
  STACKONE_API_KEY=...                             the API key, unless [[projects]] says where it is

Exit codes: 0 stopped cleanly, 1 failed while running (or not healthy, or something is not in order), 2 invalid configuration
or arguments, 141 whoever read what it printed has gone.";

/// What to do.
#[derive(Debug, Clone, Default, Subcommand)]
pub enum Command {
    /// Process until SIGTERM or Ctrl-C; a second one ends it at once. The default.
    #[default]
    Run,
    /// Print the settings in effect, without secrets, or what is wrong with them.
    CheckConfig,
    /// Print what each service must be allowed on brokers with an authorizer, as a script of kafka-acls.sh. Asks nobody.
    Acls(Acls),
    /// Look at everything a processor depends on, and say what is wrong and what to do. Changes nothing.
    ///
    /// It need not run: the brokers, the topics and their settings, what may be read, every record of the state topic, how
    /// far the consumer group is, the API key of each project, and this machine's clock against StackOne's.
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(Doctor),
    /// Say where an account is, and why: what was confirmed of it, what is pending and what StackOne said last, its
    /// triggers, its dead letters, and what of these was not found. Changes nothing.
    #[command(after_help = explain::EXAMPLES)]
    Explain(Explain),
    /// Ask a running processor whether it is ready: exit code 0 or 1. For container probes.
    Healthcheck(Healthcheck),
    /// Have one account looked up now, where no webhook comes and the next resync is too far: what connect asks for by itself.
    ///
    /// It writes a record for the running processors, which ask StackOne once and tell what has changed, as after a resync.
    /// Where nothing has, nothing is told. Repeating it does no harm.
    #[command(after_help = look::EXAMPLES)]
    Look(Look),
    /// Put dead letters back on the account events topic, each once, in order per account.
    ///
    /// The running processors then look at them again. An interrupted or repeated redrive puts nothing back twice, and
    /// what is put aside while it runs is not for this one. Letters that were malformed are left unless asked for by
    /// reason.
    #[command(after_help = redrive::EXAMPLES)]
    Redrive(RedriveArguments),
    /// List the accounts and have looked up what differs from what was confirmed: heals webhooks that never came.
    ///
    /// The running processors do the looking up. Interrupted or repeated runs do no harm. At its end it says how many
    /// accounts are listed, unchanged since they were confirmed, queued for a lookup, and missing from the list, which are
    /// queued as well.
    ///
    /// It reads resync.requests_per_minute pages a minute, beside the lookups and beside a run of the processors
    /// that is under way: for a while all three may ask for more than StackOne allows. Where StackOne then says to wait, they do.
    Resync(ResyncArguments),
    /// Show what was confirmed of accounts, as the state topic has it. Changes nothing.
    #[command(subcommand)]
    State(StateCommand),
    /// Show or make the topics the pipeline needs.
    #[command(subcommand)]
    Topics(TopicsCommand),
    /// Show or release accounts that are not unlinked because too many of their project vanished at once.
    ///
    /// Where more than 10 accounts of a project, or more than 2 % of them, begin to answer 404 within an hour and no webhook
    /// says that they were deleted, a wrong API key or base_url is the likely cause. So none of them is unlinked: they stay
    /// pending, and are looked at again now and then. Once they answer again they are decided as ever.
    #[command(subcommand)]
    Unlinks(UnlinksCommand),
}

/// Who the services are to the brokers, and how that is told.
#[derive(Debug, Clone, Args)]
pub struct Acls {
    /// Who ingest is.
    #[arg(long, value_name = "PRINCIPAL", default_value = "User:stackone-ingest")]
    pub ingest: String,
    /// Who the processors are.
    #[arg(
        long,
        value_name = "PRINCIPAL",
        default_value = "User:stackone-processor"
    )]
    pub processor: String,
    /// Who connect is, where it runs.
    #[arg(long, value_name = "PRINCIPAL")]
    pub connect: Option<String>,
    /// As JSON, one line each, with what it is for.
    #[arg(long)]
    pub json: bool,
}

/// What is listed.
#[derive(Debug, Clone, Args)]
pub struct ResyncArguments {
    /// Only this project; all of them otherwise.
    #[arg(long, value_name = "ID")]
    pub project: Option<String>,
}

/// Which accounts are shown.
#[derive(Debug, Clone, Subcommand)]
pub enum StateCommand {
    /// One account; exit code 1 if it has no state.
    Get {
        /// Its id.
        #[arg(value_parser = values::account)]
        account: AccountId,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// All accounts, or those with a status.
    List {
        /// Only those with this status (active, error, …) or state (active, degraded, failed, unlinked).
        #[arg(long)]
        status: Option<String>,
        /// As JSON, one line each.
        #[arg(long)]
        json: bool,
    },
}

/// What to do with accounts that vanished.
#[derive(Debug, Clone, Subcommand)]
pub enum UnlinksCommand {
    /// Show the accounts that answer 404 although no webhook said that they were deleted, as the state topic has them.
    /// Changes nothing.
    List {
        /// Only those of this project.
        #[arg(long, value_name = "ID")]
        project: Option<String>,
        /// As JSON, one line each.
        #[arg(long)]
        json: bool,
    },
    /// Say that the accounts of a project that vanished until now are gone. Each is looked up once more, and unlinked if
    /// it still answers 404.
    ///
    /// The running processors do that, also those that start later. Make sure first that the API key and the base_url are
    /// the project's own: an unlink cannot be taken back, only followed by a new link.
    Release {
        /// The project's id; "default" where a single project is configured without one.
        project: String,
    },
}

/// What to do with topics.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum TopicsCommand {
    /// Show what is missing or set up so that data would be damaged or dead letters held up; exit code 1 if anything is. Changes nothing.
    Plan,
    /// Make the topics that are missing. Existing ones are never changed.
    Apply,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_does_not_contradict_itself() {
        Cli::command().debug_assert();
    }
}
