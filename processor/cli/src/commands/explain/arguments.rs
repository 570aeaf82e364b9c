//! The arguments of `explain`.

use clap::Args;
use jiff::Timestamp;
use stackone_link_schemas::AccountId;
use stackone_processor_operate::explain::{AccountQuestion, DEFAULT_RECORDS, ReadLimits};

use crate::values::{account, moment};

/// The end of `explain --help`.
pub(in crate::commands) const EXAMPLES: &str = "\
Each line says whether it was found, what it is about, and what there is to say; below it, what to do.
NOT FOUND is what was looked for and is not there. LIMIT: records older than the newest that may be read were left out.
NOT SEEN is what could not be looked at, and why: nothing is known of it.

Examples:
  stackone-processor explain 45355976281015164504
  stackone-processor explain --since 7d 45355976281015164504
  stackone-processor explain --ask 45355976281015164504         and ask StackOne now; needs the API key
  stackone-processor explain --json 45355976281015164504 | jq -r .standing

Exit codes: 0 told, also where nothing is known of the account, 1 something could not be looked at (the rest is told),
2 that is no account id, or the configuration is invalid.";

/// The arguments of `explain`.
#[derive(Debug, Clone, Args)]
pub struct Explain {
    /// The account's id, as StackOne has it.
    #[arg(value_name = "ACCOUNT", value_parser = account, allow_hyphen_values = true)]
    pub account: AccountId,
    /// Only records written since then: a time (2026-01-31T08:00:00Z) or how long ago (90m, 24h,
    /// 7d).
    #[arg(long, value_name = "WHEN", default_value = "24h", value_parser = moment)]
    pub since: Timestamp,
    /// The most records to read, the newest ones: half of them account events, a quarter dead
    /// letters, a quarter unrecognized ones. The account's partition of the state topic is read
    /// whole, in addition.
    #[arg(long, value_name = "COUNT", default_value_t = DEFAULT_RECORDS)]
    pub max_records: u64,
    /// Ask StackOne for the account once, and say what the pipeline would decide. Changes nothing.
    /// Needs the API key.
    #[arg(long)]
    pub ask: bool,
    /// The project whose API key is used; otherwise the project that the account is known to belong
    /// to.
    #[arg(long, value_name = "ID", requires = "ask")]
    pub project: Option<String>,
    /// Print one JSON object on one line; docs/explain.md has its members.
    #[arg(long)]
    pub json: bool,
}

impl Explain {
    /// Returns the question that the arguments ask.
    pub(crate) fn question(&self) -> AccountQuestion {
        AccountQuestion {
            account: self.account.clone(),
            asked_at: Timestamp::now(),
            since: self.since,
            limits: ReadLimits::of(self.max_records),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::arguments::Cli;

    #[test]
    fn explain_refuses_arguments_that_cannot_be_meant() {
        let parsed = |arguments: &[&str]| {
            let all = ["stackone-processor", "explain"].iter().chain(arguments);
            Cli::try_parse_from(all).map_err(|error| error.to_string())
        };
        for (arguments, told) in [
            (&["../a"][..], "ACCOUNT"),
            (&[], "ACCOUNT"),
            (&["a", "--since", "yesterday"], "--since"),
            (&["a", "--project", "p"], "--ask"),
            (&["a", "--max-records", "many"], "--max-records"),
        ] {
            assert!(
                parsed(arguments).unwrap_err().contains(told),
                "{arguments:?}"
            );
        }
        assert!(parsed(&["a", "--ask", "--project", "p", "--since", "30m"]).is_ok());
    }
}
