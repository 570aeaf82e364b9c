//! Judges whether the accounts API accepts the key, and whether its clock agrees.

use jiff::{SignedDuration, Timestamp};
use stackone_client_types::ApiError;

use super::super::finding::{Check, Finding};
use stackone_processor::config::ProjectSettings;

/// How far apart the clocks may be. Dates of StackOne are compared with this clock: an `event_date`
/// never counts as later than the reception of its webhook, and an answer that is older than its
/// webhook is asked for again after 5 s (`reconcile.lag_recheck`).
const TOLERANCE: SignedDuration = SignedDuration::from_secs(5);
/// A `Date` header has whole seconds.
const RESOLUTION: SignedDuration = SignedDuration::from_secs(1);

/// The times of one request.
#[derive(Debug, Clone, Copy)]
pub(in crate::doctor) struct Answered {
    /// When the request was sent, by this machine's clock.
    pub(in crate::doctor) asked: Timestamp,
    /// When StackOne answered, by its own clock.
    pub(in crate::doctor) date: Option<Timestamp>,
    /// When the answer arrived, by this machine's clock.
    pub(in crate::doctor) received: Timestamp,
}

/// Returns the name of a project; "default" for a project without an id.
pub(in crate::doctor) fn name_of(project: &ProjectSettings) -> &str {
    project.id.as_deref().unwrap_or("default")
}

/// Judges the key by the answer to a request for one account.
pub(in crate::doctor) fn api(project: &ProjectSettings, answer: &Result<(), ApiError>) -> Finding {
    let name = name_of(project);
    let wrong = |says: String, advice: &str| Finding::wrong(Check::Api, says, advice);
    match answer {
        Ok(()) => Finding::fine(Check::Api, format!("{name}: the API key is accepted")),
        Err(ApiError::Refused { status }) => wrong(
            format!(
                "{name}: the API key in {} is refused with {status}",
                place(project)
            ),
            "put a key of this project there that may read accounts; a running processor takes it from a file at once",
        ),
        Err(ApiError::RateLimited { .. }) => wrong(
            format!("{name}: more is asked with this API key than StackOne allows (429)"),
            "find out who else uses the key, or lower projects.requests_per_minute",
        ),
        Err(ApiError::Unavailable { reason, source, .. }) => wrong(
            match source {
                Some(_) => format!("{name}: {} gives no answer: {reason}", project.base_url),
                None => format!("{name}: {} is unavailable: {reason}", project.base_url),
            },
            "check projects.base_url and the way out to it (no proxy is used); an outage at StackOne costs time only",
        ),
        Err(error @ (ApiError::Rejected { .. } | ApiError::Unreadable { .. })) => wrong(
            format!(
                "{name}: {} does not list accounts: {error}",
                project.base_url
            ),
            "check projects.base_url and projects.api_version",
        ),
    }
}

fn place(project: &ProjectSettings) -> String {
    match (&project.api_key_file, &project.api_key_env) {
        (Some(file), _) => file.display().to_string(),
        (None, Some(variable)) => format!("the environment variable {variable}"),
        (None, None) => "[[projects]]".to_owned(),
    }
}

/// Judges the difference between this machine's clock and StackOne's.
pub(in crate::doctor) fn clock(project: &ProjectSettings, answered: &Answered) -> Finding {
    let name = name_of(project);
    let Some(date) = answered.date else {
        return Finding::unknown(Check::Clock, format!("{name}: no answer with a date"));
    };
    // The answer was made between the two times, within the second that begins at its date.
    let behind = date.duration_since(answered.received);
    let ahead = answered.asked.duration_since(date) - RESOLUTION;
    let (by, how) = if behind > ahead {
        (behind, "behind")
    } else {
        (ahead, "ahead of")
    };
    if by <= TOLERANCE {
        let says = format!("{name}: within {} s of StackOne's", TOLERANCE.as_secs());
        return Finding::fine(Check::Clock, says);
    }
    Finding::wrong(
        Check::Clock,
        format!(
            "{name}: this machine's clock is {} s {how} StackOne's",
            by.as_secs()
        ),
        "synchronise the clocks of all machines that run the services (NTP): dates of webhooks and answers are compared",
    )
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::path::PathBuf;

    use stackone_client_types::ApiVersion;

    use super::super::super::finding::Verdict;
    use super::*;

    fn project() -> ProjectSettings {
        ProjectSettings {
            id: Some("acme".to_owned()),
            api_key_file: Some(PathBuf::from("/run/key")),
            api_key_env: None,
            base_url: "https://api.stackone.com".parse().unwrap(),
            requests_per_minute: NonZeroU32::MIN,
            api_version: ApiVersion::V1,
        }
    }

    #[test]
    fn every_answer_but_a_200_is_wrong_and_says_where_to_look() {
        let unavailable = ApiError::Unavailable {
            reason: "status 503".to_owned(),
            retry_after: None,
            source: None,
        };
        let unreadable = ApiError::Unreadable {
            reason: "garbage".to_owned(),
        };
        for (error, says, advice) in [
            (
                ApiError::Refused { status: 401 },
                "/run/key is refused with 401",
                "may read accounts",
            ),
            (
                ApiError::RateLimited { retry_after: None },
                "429",
                "requests_per_minute",
            ),
            (unavailable, ".com/ is unavailable: status 503", "base_url"),
            (
                ApiError::Rejected { status: 400 },
                "status 400",
                "api_version",
            ),
            (unreadable, "garbage", "api_version"),
        ] {
            let finding = api(&project(), &Err(error));
            assert!(
                finding.is_wrong() && finding.says.starts_with("acme: "),
                "{finding:?}"
            );
            assert!(finding.says.contains(says), "{finding:?}");
            assert!(
                finding
                    .advice
                    .as_ref()
                    .is_some_and(|told| told.contains(advice)),
                "{finding:?}"
            );
        }
        assert_eq!(api(&project(), &Ok(())).verdict, Verdict::Fine);
    }

    #[test]
    fn clocks_may_be_apart_by_what_cannot_be_told_and_five_seconds() {
        let at = |millis: i64| Timestamp::from_millisecond(1_772_614_800_000 + millis).unwrap();
        // The request is sent at 0 s and answered at 2 s.
        for (date, verdict, says) in [
            (Some(7_000), Verdict::Fine, "within 5 s"),
            (Some(8_000), Verdict::Wrong, "6 s behind"),
            (Some(-6_000), Verdict::Fine, "within 5 s"),
            (Some(-7_000), Verdict::Wrong, "6 s ahead of"),
            (Some(-3_600_000), Verdict::Wrong, "3599 s ahead of"),
            (None, Verdict::Unknown, "no answer"),
        ] {
            let answered = Answered {
                asked: at(0),
                date: date.map(at),
                received: at(2_000),
            };
            let finding = clock(&project(), &answered);
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(finding.says.contains(says), "{finding:?}");
        }
    }
}
