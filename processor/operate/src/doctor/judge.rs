//! Judges observations. Pure.

mod api;
mod group;
mod letters;
mod product;
mod resync;
mod state;
mod topics;
mod work;

use stackone_link_process::counted::counted;
use stackone_processor::config::Settings;

use super::finding::{Check, Finding};
use super::seen::{ClusterSeen, Unseen};

pub(super) use api::{Answered, api, clock, name_of};
pub(super) use group::group;
pub(super) use letters::letters;
pub(super) use product::product;
pub(super) use resync::resync;
pub(super) use state::state;
pub(super) use topics::{access, topics};
pub(super) use work::work;

/// Reports the configuration, which is valid: the program refuses any other.
pub(super) fn configuration(settings: &Settings) -> Finding {
    let projects = counted(settings.projects.len(), "project");
    let brokers = &settings.kafka.bootstrap_servers;
    let says = format!("valid; {projects}, brokers {brokers}; check-config prints all of it");
    Finding::fine(Check::Configuration, says)
}

/// Judges whether brokers answered, and how many there are.
pub(super) fn brokers(settings: &Settings, seen: &Result<ClusterSeen, Unseen>) -> Finding {
    let asked = &settings.kafka.bootstrap_servers;
    match seen {
        Ok(ClusterSeen { hosts, .. }) => Finding::fine(
            Check::Broker,
            format!("{} in the cluster, by {asked}", hosts.len()),
        ),
        Err(unseen) => unseen.wrong(
            Check::Broker,
            &format!("no broker answers at {asked}"),
            NETWORK,
        ),
    }
}

const NETWORK: &str = "check kafka.bootstrap_servers, the network, and kafka.security";

/// The advice for a missing right.
pub(super) const ALLOW: &str = "allow it: docs/security.md lists what each service needs";

impl Unseen {
    /// Makes a finding that begins with `what`, and that has `advice` where the cause brings none.
    pub(super) fn wrong(&self, check: Check, what: &str, advice: &str) -> Finding {
        let says = format!("{what}: {}", self.in_words());
        match self {
            Self::Forbidden => Finding::wrong(check, says, ALLOW),
            Self::Failed {
                advice: Some(advice),
                ..
            } => Finding::wrong(check, says, *advice),
            Self::Unsupported => Finding::unknown(check, says),
            Self::Missing | Self::Failed { advice: None, .. } => {
                Finding::wrong(check, says, advice)
            }
        }
    }

    fn in_words(&self) -> &str {
        match self {
            Self::Forbidden => "the brokers' ACLs do not allow it",
            Self::Missing => "it does not exist",
            Self::Unsupported => "this broker cannot be asked",
            Self::Failed { reason, .. } => reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_look_that_failed_is_wrong_with_something_to_do_unless_the_broker_cannot_be_asked() {
        let refused = Unseen::Failed {
            reason: "refused".to_owned(),
            advice: Some("open the port"),
        };
        for (unseen, verdict, says, advice) in [
            (
                Unseen::Forbidden,
                Verdict::Wrong,
                "t: the brokers' ACLs do not allow it",
                Some(ALLOW),
            ),
            (
                Unseen::Missing,
                Verdict::Wrong,
                "t: it does not exist",
                Some("make it"),
            ),
            (
                Unseen::Unsupported,
                Verdict::Unknown,
                "t: this broker cannot be asked",
                None,
            ),
            (refused, Verdict::Wrong, "t: refused", Some("open the port")),
            (
                Unseen::failed("late"),
                Verdict::Wrong,
                "t: late",
                Some("make it"),
            ),
        ] {
            let finding = unseen.wrong(Check::Topics, "t", "make it");
            assert_eq!(
                (
                    finding.verdict,
                    finding.says.as_str(),
                    finding.advice.as_deref()
                ),
                (verdict, says, advice)
            );
        }
    }
}
