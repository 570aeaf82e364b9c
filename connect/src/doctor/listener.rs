//! Whether the public listener can have its connections, and how long its certificate lasts.

use std::io;

use jiff::{SignedDuration, Timestamp};
use stackone_link_listeners::OpenFiles;

use super::finding::{Check, Finding};
use crate::config::Config;

/// Less than this is an alert that wakes somebody: StackOneConnectCertificateExpires.
const LAST_DAYS: SignedDuration = SignedDuration::from_hours(2 * 24);
/// Less than this is one that does not: StackOneConnectCertificateExpiresSoon.
const LAST_WEEKS: SignedDuration = SignedDuration::from_hours(14 * 24);
const RENEW: &str =
    "renew it, and put the new pair in the files of server.tls: they are read each second";

pub(super) fn findings(config: &Config, now: Timestamp) -> Vec<Finding> {
    let most = config.settings.server.max_connections;
    let mut findings = vec![connections(most, OpenFiles::of(most))];
    if let Some(certificate) = &config.certificate {
        let expires_at = Timestamp::UNIX_EPOCH.checked_add(certificate.expires_at());
        // One that ends when no date says so any more lasts.
        findings.push(certificate_until(expires_at.unwrap_or(Timestamp::MAX), now));
    }
    findings
}

fn connections(most: usize, files: io::Result<OpenFiles>) -> Finding {
    match files {
        Ok(OpenFiles { allowed, needed }) if allowed >= needed => Finding::fine(
            Check::Connections,
            format!("open files have room for {most} at once"),
        ),
        Ok(OpenFiles { allowed, needed }) => Finding::fine(
            Check::Connections,
            format!(
                "{most} at once need {needed} open files, and {allowed} are allowed here: it takes fewer"
            ),
        )
        .advising("raise the limit of open files (ulimit -n), or lower server.max_connections"),
        Err(error) => Finding::unknown(
            Check::Connections,
            format!("the limit of open files is not known: {error}"),
        ),
    }
}

fn certificate_until(expires_at: Timestamp, now: Timestamp) -> Finding {
    let left = expires_at.duration_since(now);
    let says = format!("valid until {expires_at}, {} days", left.as_hours() / 24);
    match left {
        left if left <= SignedDuration::ZERO => {
            Finding::wrong(Check::Certificate, format!("ended at {expires_at}"), RENEW)
        }
        left if left < LAST_DAYS => Finding::wrong(Check::Certificate, says, RENEW),
        left if left < LAST_WEEKS => Finding::fine(Check::Certificate, says).advising(RENEW),
        _ => Finding::fine(Check::Certificate, says),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn the_doctor_tells_of_the_listener_what_its_alerts_tell() {
        let files = |allowed| {
            let needed = 356;
            let found = connections(100, Ok(OpenFiles { allowed, needed }));
            (found.verdict, found.advice.is_some())
        };
        assert_eq!(
            [356, 355].map(files),
            [(Verdict::Fine, false), (Verdict::Fine, true)]
        );
        let unknown = connections(100, Err(io::Error::other("no")));
        assert_eq!(unknown.verdict, Verdict::Unknown);
        let now = Timestamp::UNIX_EPOCH;
        for (hours, verdict, is_advised) in [
            (-1, Verdict::Wrong, true),
            (0, Verdict::Wrong, true),
            (47, Verdict::Wrong, true),
            (48, Verdict::Fine, true),
            (14 * 24 - 1, Verdict::Fine, true),
            (14 * 24, Verdict::Fine, false),
        ] {
            let found = certificate_until(now + SignedDuration::from_hours(hours), now);
            assert_eq!(
                (found.verdict, found.advice.is_some()),
                (verdict, is_advised),
                "{hours}"
            );
        }
    }
}
