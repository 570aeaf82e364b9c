//! The arguments of `redrive`.

use std::num::NonZeroU32;

use clap::Args;
use jiff::Timestamp;
use stackone_link_schemas::{AccountId, DeadLetterReason};

use stackone_processor_operate::redrive::{Mode, Selection};

use crate::values::{account, moment};

/// The end of `redrive --help`.
pub(in crate::commands) const EXAMPLES: &str = "\
Examples:
  stackone-processor redrive --dry-run                          what would be put back, and why it was put aside
  stackone-processor redrive --reason unknown_project           a project was added to the configuration
  stackone-processor redrive --reason lookup_rejected --since 2h --rate 20
  stackone-processor redrive --account 45355976281015164504     one account's
  stackone-processor redrive --dry-run --json | jq -r .account  for scripts; the last line is the summary

Exit codes: 0 all that was asked for is put back (or shown), 1 it failed or was interrupted: run it again to go on.
Expired letters have no bytes any more and cannot be put back: run a resync instead.";

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Text for people.
    Text,
    /// JSON, one object per line; the last is the summary.
    Json,
}

/// The arguments of `redrive`.
#[derive(Debug, Clone, Args)]
pub struct RedriveArguments {
    /// Only letters with this reason; may be given several times.
    #[arg(long = "reason", value_name = "REASON",
        value_parser = clap::builder::PossibleValuesParser::new(DeadLetterReason::KNOWN))]
    pub reasons: Vec<String>,
    /// Only letters of this account; may be given several times.
    #[arg(long = "account", value_name = "ID", value_parser = account, allow_hyphen_values = true)]
    pub accounts: Vec<AccountId>,
    /// Only letters that became dead letters since then: a time (2026-01-31T08:00:00Z) or how long
    /// ago (90m, 2h, 3d).
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub since: Option<Timestamp>,
    /// Print what would be put back. Changes nothing, and does not disturb a running redrive.
    #[arg(long)]
    pub dry_run: bool,
    /// The most letters to put back in a second. Lookups have a budget of their own; this keeps the
    /// topic free for webhooks.
    #[arg(long, value_name = "PER_SECOND", default_value = "100")]
    pub rate: NonZeroU32,
    /// Print JSON, one object per line; the last one is the summary.
    #[arg(long)]
    pub json: bool,
}

impl RedriveArguments {
    /// Returns the selection, the mode, and the form of the output.
    #[must_use]
    pub(crate) fn into_parts(self) -> (Selection, Mode, Shown) {
        let reasons = self.reasons.iter().map(String::as_str);
        let selection = Selection {
            reasons: reasons.map(DeadLetterReason::from).collect(),
            accounts: self.accounts.into_iter().collect(),
            since: self.since,
        };
        let mode = if self.dry_run {
            Mode::DryRun
        } else {
            Mode::PutBack(self.rate)
        };
        (
            selection,
            mode,
            if self.json { Shown::Json } else { Shown::Text },
        )
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::arguments::Cli;
    use crate::commands::Command;

    fn redrive(arguments: &[&str]) -> Result<RedriveArguments, String> {
        let all = ["stackone-processor", "redrive"].iter().chain(arguments);
        let cli = Cli::try_parse_from(all).map_err(|error| error.to_string())?;
        match cli.command {
            Some(Command::Redrive(redrive)) => Ok(redrive),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn a_time_is_given_as_such_or_as_how_long_ago() {
        let since = |text: &str| redrive(&["--since", text]).map(|asked| asked.since.unwrap());
        assert_eq!(
            since("1970-01-01T00:01:00Z"),
            Ok(Timestamp::from_second(60).unwrap())
        );
        let two_days_ago = since("2d").unwrap();
        let ago = Timestamp::now().duration_since(two_days_ago).as_secs();
        assert!((172_800..172_860).contains(&ago), "{ago}");
        assert!(
            since("yesterday")
                .unwrap_err()
                .contains("a duration like 2h")
        );
    }

    #[test]
    fn redrive_refuses_arguments_that_cannot_be_meant() {
        for (arguments, told) in [
            (["--reason", "lookup_rejectd"], "lookup_rejected"),
            (["--account", "../a"], "--account"),
            (["--rate", "0"], "--rate"),
        ] {
            assert!(
                redrive(&arguments).unwrap_err().contains(told),
                "{arguments:?}"
            );
        }
        let plain = redrive(&[]).unwrap();
        assert_eq!((plain.rate.get(), plain.dry_run), (100, false));
    }
}
