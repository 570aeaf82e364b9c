//! The commands: each has its line here, and a file with its arguments and with what it prints.

pub(crate) mod acls;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod look;
pub(crate) mod redrive;
pub(crate) mod resync;
pub mod state;
pub(crate) mod topics;
pub mod unlinks;

use std::io::Write as _;

use clap::Subcommand;
use stackone_link_process::healthcheck::Healthcheck;
use stackone_link_process::stdout::stdout;
use stackone_processor::config::{Config, Settings};

use acls::Acls;
use doctor::Doctor;
use explain::Explain;
use look::Look;
use redrive::RedriveArguments;
use resync::ResyncArguments;
use state::StateCommand;
use topics::TopicsCommand;
use unlinks::UnlinksCommand;

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

impl Command {
    /// Whether it asks the accounts API, or tells whether the service could.
    pub(crate) const fn needs_api_keys(&self) -> bool {
        match self {
            Self::Explain(asked) => asked.ask,
            Self::Run | Self::CheckConfig | Self::Doctor(_) | Self::Resync(_) => true,
            Self::Acls(_)
            | Self::Healthcheck(_)
            | Self::Look(_)
            | Self::Redrive(_)
            | Self::State(_)
            | Self::Topics(_)
            | Self::Unlinks(_) => false,
        }
    }

    /// Does it with the API keys. To process, and to ask whether that is ready, is up to the program.
    pub(crate) async fn with_keys(self, config: &Config) -> anyhow::Result<()> {
        match self {
            Self::CheckConfig => print(config),
            Self::Doctor(asked) => doctor::run(config, &asked, &mut stdout()).await,
            Self::Explain(asked) => explain::and_ask(config, &asked, &mut stdout()).await,
            Self::Resync(asked) => resync::run(config, &asked).await,
            other @ (Self::Acls(_)
            | Self::Healthcheck(_)
            | Self::Look(_)
            | Self::Redrive(_)
            | Self::Run
            | Self::State(_)
            | Self::Topics(_)
            | Self::Unlinks(_)) => other.without_keys(&config.settings).await,
        }
    }

    /// Does it without the API keys.
    pub(crate) async fn without_keys(self, settings: &Settings) -> anyhow::Result<()> {
        match self {
            Self::Acls(asked) => acls::run(settings, &asked, &mut stdout()),
            Self::Explain(asked) => explain::run(settings, &asked, &mut stdout()).await,
            Self::Look(asked) => look::run(settings, &asked, &mut stdout()).await,
            Self::Redrive(asked) => redrive::run(settings, asked).await,
            Self::State(command) => state::show(settings, command).await,
            Self::Topics(command) => topics::run(command, settings, &mut stdout()).await,
            Self::Unlinks(command) => unlinks::command(command, settings).await,
            Self::Run
            | Self::CheckConfig
            | Self::Doctor(_)
            | Self::Healthcheck(_)
            | Self::Resync(_) => Ok(()),
        }
    }
}

fn print(config: &Config) -> anyhow::Result<()> {
    let mut out = stdout();
    out.write_all(config.to_toml()?.as_bytes())?;
    Ok(out.flush()?)
}
