//! `doctor`: looks at everything that connect depends on, and says what is wrong and what to do.
//!
//! It changes nothing, but for one connect session a project: only making one tells whether the key
//! may. Nobody gets its token, and it ends after a minute.

mod finding;
mod hub;
mod jwks;
mod listener;
mod stackone;
mod topics;

use std::io::Write;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use stackone_link_process::counted::counted;

use crate::config::Config;

use finding::{Check, Finding};

/// What `doctor --help` ends with.
pub(crate) const EXAMPLES: &str = "\
Each line says how something is (fine, unknown, WRONG), what was looked at, and what was seen; below it, what to do.
Unknown is what could not be looked at: nothing is known to be wrong with it.

Examples:
  stackone-connect doctor --config /etc/stackone/connect.toml
  stackone-connect doctor --json | jq '.findings[] | select(.verdict == \"wrong\")'

Exit codes: 0 nothing is wrong, 1 something is, 2 the configuration is invalid: then that alone is told.";

/// How the doctor looks, and how it tells.
#[derive(Debug, Clone, Copy, Args)]
pub struct Doctor {
    /// One line of JSON instead: whether all is `ok`, and the `findings`, each with `check`,
    /// `verdict`, `says` and `do`.
    #[arg(long)]
    pub json: bool,
    /// How long StackOne may take for each of its answers.
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = humantime_serde::re::humantime::parse_duration)]
    pub timeout: Duration,
}

/// Looks, and tells `out`.
///
/// # Errors
///
/// Where anything is wrong, or nothing can be written.
pub async fn run(config: &Config, asked: &Doctor, out: &mut impl Write) -> anyhow::Result<()> {
    let settings = &config.settings;
    let says = format!("valid; browsers reach it at {}", settings.server.public_url);
    let mut findings = vec![Finding::fine(Check::Configuration, says)];
    let (topics, stackone, jwks) = tokio::join!(
        topics::findings(settings),
        stackone::findings(config, asked.timeout),
        jwks::findings(config)
    );
    findings.extend(listener::findings(config, Timestamp::now()));
    findings.extend(topics);
    findings.push(hub::finding(&settings.hub));
    findings.extend(jwks);
    findings.extend(stackone);
    match asked.json {
        true => finding::json(out, &findings)?,
        false => finding::text(out, &findings)?,
    }
    let wrong = findings.iter().filter(|finding| finding.is_wrong()).count();
    let all = counted(findings.len(), "finding");
    anyhow::ensure!(wrong == 0, "{wrong} of {all} wrong");
    Ok(())
}
