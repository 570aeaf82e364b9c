//! The arguments of `doctor`.

use std::time::Duration;

use clap::Args;

/// The end of `doctor --help`.
pub(in crate::commands) const EXAMPLES: &str = "\
Each line says how something is (fine, note, unknown, WRONG), what was looked at, and what was seen; below what is wrong, what to do.
A note is a choice that loses something, and may be meant. Unknown is what could not be looked at, or not without changing something: nothing is known to be wrong with it.

Examples:
  stackone-processor doctor --config /etc/processor.toml
  stackone-processor doctor --timeout 5m                        a state topic of millions of records
  stackone-processor doctor --json | jq '.findings[] | select(.verdict == \"wrong\")'

Exit codes: 0 nothing is wrong (whatever is noted or unknown), 1 something is, 2 the configuration is invalid: then that alone is told.";

/// The arguments of `doctor`.
#[derive(Debug, Clone, Copy, Args)]
pub struct Doctor {
    /// Print one line of JSON: whether all is `ok`, and the `findings`, each with `check`,
    /// `verdict`, `says` and `do`.
    #[arg(long)]
    pub json: bool,
    /// How long each check may take. There are about thirty.
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = humantime_serde::re::humantime::parse_duration)]
    pub timeout: Duration,
}
