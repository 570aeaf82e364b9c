//! The command line.

use std::path::PathBuf;

use clap::Parser;
use stackone_link_process::service::Command;

/// Authenticates StackOne webhooks and puts them on Kafka, unchanged. Answers 200 once Kafka has
/// them.
#[derive(Debug, Clone, Parser)]
#[command(version, after_help = AFTER_HELP)]
pub struct Cli {
    /// Settings that replace defaults, in TOML; see ingest/config.default.toml for every key.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const AFTER_HELP: &str = "\
Without a command it runs. Settings come from built-in defaults, then --config, then the environment:
  INGEST__KAFKA__BOOTSTRAP_SERVERS=kafka:9092   any setting, as INGEST__SECTION__KEY
  STACKONE_WEBHOOK_SECRET=...                   the signing secret, unless [[sources]] says where it is

Exit codes: 0 stopped cleanly, 1 failed while running (or not healthy), 2 invalid configuration or arguments,
141 whoever read what it printed has gone.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_does_not_contradict_itself() {
        Cli::command().debug_assert();
    }
}
