//! The commands. Each has one line here, and a module with its arguments and its output.

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

/// The commands of the program.
#[derive(Debug, Clone, Default, Subcommand)]
pub enum Command {
    /// Process until SIGTERM or Ctrl-C; a second one ends it at once. The default.
    #[default]
    Run,
    /// Print the settings in effect, without secrets, or what is wrong with them.
    CheckConfig,
    /// Print the rights that each service needs on brokers with an authorizer, as a script of
    /// kafka-acls.sh. Makes no request.
    Acls(Acls),
    /// Check everything that a processor depends on, and say what is wrong and what to do. Changes
    /// nothing.
    ///
    /// The processor need not run. It checks the brokers, the topics and their settings, the rights
    /// to read, every record of the state topic, the lag of the consumer group, the API key of each
    /// project, and this machine's clock against StackOne's.
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(Doctor),
    /// Say where an account is, and why: its confirmed state, its pending work and StackOne's last
    /// answer, its triggers, its dead letters, and which of these were not found. Changes nothing.
    #[command(after_help = explain::EXAMPLES)]
    Explain(Explain),
    /// Ask a running processor whether it is ready: exit code 0 or 1. For container probes.
    Healthcheck(Healthcheck),
    /// Have one account looked up now, where no webhook comes and the next resync is too far away.
    /// Connect asks for the same by itself.
    ///
    /// It writes a record for the running processors. They ask StackOne once and emit what has
    /// changed, as after a resync, or nothing. Repeating it does no harm.
    #[command(after_help = look::EXAMPLES)]
    Look(Look),
    /// Put dead letters back on the account events topic, each once, in order per account.
    ///
    /// The running processors then process them again. An interrupted or repeated redrive puts
    /// nothing back twice. Letters that come while it runs are left for the next one, and so are
    /// malformed ones unless their reason is given.
    #[command(after_help = redrive::EXAMPLES)]
    Redrive(RedriveArguments),
    /// List the accounts, and have those looked up that differ from their confirmed state: heals
    /// webhooks that never came.
    ///
    /// The running processors send the lookups. Interrupted or repeated runs do no harm. At the end
    /// it prints how many accounts are listed, unchanged, queued for a lookup, and missing from the
    /// list; missing ones are queued as well.
    ///
    /// It reads resync.requests_per_minute pages a minute, in addition to the lookups and to a run
    /// of the processors: for a while all three may exceed StackOne's limit. Where StackOne then
    /// answers 429, they wait.
    Resync(ResyncArguments),
    /// Show the confirmed states of accounts, as the state topic has them. Changes nothing.
    #[command(subcommand)]
    State(StateCommand),
    /// Show or make the topics that the pipeline needs.
    #[command(subcommand)]
    Topics(TopicsCommand),
    /// Show or release accounts that are not unlinked because too many of their project vanished at
    /// once.
    ///
    /// Where more than 10 accounts of a project, and more than 2 % of them, begin to answer 404
    /// within an hour and no webhook reported their deletion, a wrong API key or base_url is the
    /// likely cause. So none of them is unlinked: they stay pending, and are looked up now and
    /// then. Once they answer again they are decided as usual.
    #[command(subcommand)]
    Unlinks(UnlinksCommand),
}

impl Command {
    /// Whether the command asks the accounts API, or checks whether the service could.
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

    /// Runs a command that needs the API keys. The program itself runs `run` and `healthcheck`.
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

    /// Runs a command that needs no API keys.
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
