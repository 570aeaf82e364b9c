//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use stackone_link_process::service;

use crate::doctor::{Doctor, EXAMPLES};

/// Link sessions: a tenant links an account, and the page knows when it is verified.
#[derive(Debug, Clone, Parser)]
#[command(version, after_help = AFTER_HELP)]
pub struct Cli {
    /// Settings that replace defaults, in TOML; see connect/config.default.toml for every key.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const AFTER_HELP: &str = "\
Without a command it runs. Settings come from built-in defaults, then --config, then the environment:
  CONNECT__KAFKA__BOOTSTRAP_SERVERS=kafka:9092   any setting, as CONNECT__SECTION__KEY
  STACKONE_CONNECT_API_KEY=...                   StackOne's key, unless [[projects]] says where it is
  STACKONE_CONNECT_TOKEN_KEY=...                 the secret that client tokens are made with

Exit codes: 0 stopped cleanly, 1 failed while running (or not healthy), 2 invalid configuration or arguments,
141 whoever read what it printed has gone.";

/// The command that the program is given.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// A command that every service has.
    #[command(flatten)]
    Service(service::Command),
    /// Check StackOne's key, the Hub, key sets, topics and the clock, and say what is wrong.
    #[command(after_help = EXAMPLES)]
    Doctor(Doctor),
}

impl Default for Command {
    fn default() -> Self {
        Self::Service(service::Command::default())
    }
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
