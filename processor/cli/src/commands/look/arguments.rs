//! The arguments of `look`.

use clap::Args;
use stackone_link_schemas::AccountId;

use crate::values::account;

/// The end of `look --help`.
pub(in crate::commands) const EXAMPLES: &str = "\
An account of which something is known needs no --project, nor does a single configured one. The API key is the running
processors': the command needs none. Where the account's updated_at at StackOne is older than the command, as it is where
nothing has changed, they ask once more after reconcile.lag_recheck before they believe that.

Examples:
  stackone-processor look 45355976281015164504
  stackone-processor look --project acmeinc-27270 45355976281015164504
  stackone-processor look --json 45355976281015164504 | jq .offset
  stackone-processor explain 45355976281015164504               and see what came of it

Exit codes: 0 the record is stored, 1 it is not (no broker, no such project, or the account is another project's),
2 that is no account id, or the configuration is invalid.";

/// The arguments of `look`.
#[derive(Debug, Clone, Args)]
pub struct Look {
    /// The account's id, as StackOne has it.
    #[arg(value_name = "ACCOUNT", value_parser = account, allow_hyphen_values = true)]
    pub account: AccountId,
    /// The project whose API key is used; otherwise the project that the account is known to belong
    /// to.
    #[arg(long, value_name = "ID")]
    pub project: Option<String>,
    /// Print where the record is as one JSON object on one line.
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::arguments::Cli;

    #[test]
    fn look_takes_one_usable_account_id() {
        let parsed = |arguments: &[&str]| {
            let all = ["stackone-processor", "look"].iter().chain(arguments);
            Cli::try_parse_from(all).map_err(|error| error.to_string())
        };
        for arguments in [&[][..], &["../a"], &[""]] {
            let told = parsed(arguments).unwrap_err();
            assert!(told.contains("ACCOUNT"), "{arguments:?}: {told}");
        }
        assert!(parsed(&["a", "--project", "p", "--json"]).is_ok());
    }
}
