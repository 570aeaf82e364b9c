//! Checks that each project's key may create connect sessions, and compares our clock with
//! StackOne's.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use stackone_client::{
    ApiError, ApiVersion, Client, ClientOptions, ConnectSessionRequest, PersonalFields,
};

use super::finding::{Check, Finding};
use crate::config::{Config, ProjectSettings};

/// The owner of the session that the check creates. No customer has this id.
const OWNER: &str = "stackone-connect-doctor";
/// The lifetime of that session, in seconds: the shortest that StackOne certainly accepts.
const LIFE: u32 = 60;
/// The allowed difference of the clocks: half of what JWTs are allowed.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(30);

/// Checks every project, in the order of the settings.
pub(super) async fn findings(config: &Config, within: Duration) -> Vec<Finding> {
    let mut findings = Vec::new();
    let keys = &config.secrets.api_keys;
    for (project, key) in config.settings.projects.iter().zip(keys) {
        let client = Client::new(ClientOptions {
            base_url: project.base_url.clone(),
            api_key: key.value.clone(),
            api_version: ApiVersion::V1,
            timeout: within,
            personal: PersonalFields {
                origin_username: false,
                setup_information: false,
            },
        });
        match client {
            Ok(client) => findings.extend(ask(project, &client).await),
            Err(error) => findings.push(Finding::wrong(
                Check::Api,
                format!("{}: {error}", name_of(project)),
                "check [[projects]]",
            )),
        }
    }
    findings
}

async fn ask(project: &ProjectSettings, client: &Client) -> Vec<Finding> {
    let asked = Timestamp::now();
    let (date, may_read) = client.probe_with_date().await;
    let received = Timestamp::now();
    let mut session = ConnectSessionRequest::new(OWNER.to_owned(), OWNER.to_owned());
    session.expires_in = Some(LIFE);
    let made = client.create_connect_session(&session).await;
    let api = key(project, &made.map(drop), may_read.is_ok());
    vec![api, clock(project, date, (asked, received))]
}

fn name_of(project: &ProjectSettings) -> &str {
    project.id.as_deref().unwrap_or("default")
}

fn place(project: &ProjectSettings) -> String {
    match (&project.api_key_file, &project.api_key_env) {
        (Some(file), _) => file.display().to_string(),
        (None, Some(variable)) => format!("the environment variable {variable}"),
        (None, None) => "[[projects]]".to_owned(),
    }
}

/// Concludes from the answer to a request for a session what the key may do.
fn key(project: &ProjectSettings, made: &Result<(), ApiError>, may_read: bool) -> Finding {
    let (name, url) = (name_of(project), &project.base_url);
    let wrong = |says: String, advice: &str| Finding::wrong(Check::Api, says, advice);
    match made {
        Ok(()) if may_read => {
            let says = format!("{name}: the key may write connect sessions, and read accounts");
            let advice = "is it the processor's? give connect one of its own, that reads none";
            Finding::fine(Check::Api, says).advising(advice)
        }
        Ok(()) => Finding::fine(
            Check::Api,
            format!("{name}: the key may write connect sessions"),
        ),
        Err(ApiError::Refused { status }) => wrong(
            format!(
                "{name}: the API key in {} is refused with {status}",
                place(project)
            ),
            "put a key of this project there that may write connect sessions; a running connect takes it from a file at once",
        ),
        Err(ApiError::RateLimited { .. }) => wrong(
            format!("{name}: more is asked with this API key than StackOne allows (429)"),
            "find out who else uses the key, or lower stackone.requests_per_minute",
        ),
        Err(error @ ApiError::Unavailable { .. }) => wrong(
            format!("{name}: {url} gives no answer: {error}"),
            "check projects.base_url and the way out to it (no proxy is used); an outage at StackOne costs time only",
        ),
        Err(error @ (ApiError::Rejected { .. } | ApiError::Unreadable { .. })) => wrong(
            format!("{name}: {url} makes no connect session: {error}"),
            "check projects.base_url",
        ),
    }
}

/// Compares our clock with the `Date` of an answer that was made between the two times.
fn clock(
    project: &ProjectSettings,
    date: Option<Timestamp>,
    (asked, received): (Timestamp, Timestamp),
) -> Finding {
    let name = name_of(project);
    let Some(date) = date else {
        return Finding::unknown(Check::Clock, format!("{name}: no answer with a date"));
    };
    // A `Date` has whole seconds.
    let behind = date.duration_since(received);
    let ahead = asked.duration_since(date) - SignedDuration::from_secs(1);
    let by = behind.max(ahead);
    if by <= TOLERANCE {
        let says = format!("{name}: within {} s of StackOne's", TOLERANCE.as_secs());
        return Finding::fine(Check::Clock, says);
    }
    let how = if behind > ahead { "behind" } else { "ahead of" };
    let by = by.as_secs();
    Finding::wrong(
        Check::Clock,
        format!("{name}: this machine's clock is {by} s {how} StackOne's"),
        "synchronise the clocks (NTP): JWTs and tokens have a minute's leeway",
    )
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    fn project() -> ProjectSettings {
        ProjectSettings {
            id: Some("acme".to_owned()),
            base_url: "https://api.stackone.com".parse().unwrap(),
            api_key_file: Some("/run/key".into()),
            api_key_env: None,
        }
    }

    #[test]
    fn every_answer_but_a_session_is_wrong_and_says_where_to_look() {
        let unavailable = ApiError::Unavailable {
            reason: "timeout".to_owned(),
            retry_after: None,
            source: None,
        };
        for (error, says, advice) in [
            (
                ApiError::Refused { status: 403 },
                "/run/key is refused with 403",
                "may write connect sessions",
            ),
            (
                ApiError::RateLimited { retry_after: None },
                "429",
                "requests_per_minute",
            ),
            (unavailable, "timeout", "base_url"),
            (
                ApiError::Rejected { status: 400 },
                "status 400",
                "projects.base_url",
            ),
        ] {
            let finding = key(&project(), &Err(error), true);
            assert!(
                finding.is_wrong() && finding.says.starts_with("acme: "),
                "{finding:?}"
            );
            assert!(finding.says.contains(says), "{finding:?}");
            assert!(finding.advice.unwrap().contains(advice), "{says}");
        }
        assert_eq!(key(&project(), &Ok(()), false).advice, None);
        let too_much = key(&project(), &Ok(()), true);
        assert_eq!(too_much.verdict, Verdict::Fine);
        assert!(too_much.advice.unwrap().contains("the processor's"));
    }

    #[test]
    fn clocks_may_be_apart_by_half_of_what_jwts_are_allowed() {
        let at = |second: i64| Timestamp::from_second(1_772_614_800 + second).unwrap();
        for (date, verdict, says) in [
            (Some(at(0)), Verdict::Fine, "within 30 s"),
            (Some(at(30)), Verdict::Fine, "within 30 s"),
            (Some(at(62)), Verdict::Wrong, "61 s behind"),
            (Some(at(-62)), Verdict::Wrong, "61 s ahead of"),
            (None, Verdict::Unknown, "no answer"),
        ] {
            let finding = clock(&project(), date, (at(0), at(1)));
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(finding.says.contains(says), "{finding:?}");
        }
    }
}
