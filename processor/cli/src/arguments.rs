//! The arguments of the command line.

use std::path::PathBuf;

use clap::Parser;

use crate::commands::Command;

/// Asks StackOne what is true of each linked account and emits every transition exactly once.
#[derive(Debug, Clone, Parser)]
#[command(name = "stackone-processor", version, after_help = AFTER_HELP)]
pub struct Cli {
    /// Settings that replace defaults, in TOML; processor/config.default.toml documents every key.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The command; `run` where none is given.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const AFTER_HELP: &str = "\
Without a command it runs. Settings come from built-in defaults, then --config, then the environment:
  PROCESSOR__KAFKA__BOOTSTRAP_SERVERS=kafka:9092   any setting, as PROCESSOR__SECTION__KEY
  STACKONE_API_KEY=...                             the API key, unless [[projects]] says where it is

Exit codes: 0 stopped cleanly, 1 failed while running (or not healthy, or something is not in order), 2 invalid configuration
or arguments, 141 whoever read what it printed has gone.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_does_not_contradict_itself() {
        Cli::command().debug_assert();
    }

    /// StackOne's ids are of letters, digits, `-` and `_`, in any order.
    #[test]
    fn an_id_may_begin_with_a_hyphen_and_what_is_no_id_is_still_refused() {
        for command in [
            &["explain"][..],
            &["look"],
            &["state", "get"],
            &["redrive", "--account"],
        ] {
            let parsed = |arguments: &[&'static str]| {
                let all = ["stackone-processor"]
                    .iter()
                    .chain(command)
                    .chain(arguments);
                Cli::try_parse_from(all).map(|cli| format!("{:?}", cli.command))
            };
            for id in ["-wDz8gHkLmNp2RsTvXyZa", "--Dz8gHkLmNp2RsTvXyZa"] {
                let read = parsed(&[id, "--json"]).unwrap();
                assert!(read.contains(id) && read.contains("json: true"), "{read}");
            }
            assert!(parsed(&["a", "--jsno"]).is_err(), "{command:?}");
            assert!(parsed(&[]).is_err(), "{command:?}");
        }
    }
}
