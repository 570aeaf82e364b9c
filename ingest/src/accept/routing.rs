//! Where an authentic webhook goes. Pure.

use stackone_link_schemas::{CloudEvent, UNRECOGNIZED_TYPE, source_of_project};
use stackone_link_wire::Topic;

use crate::answer::outcome::Outcome;
use crate::config::RecordEvents;
use stackone_link_schemas::webhook::{Envelope, Project};

/// Where a webhook goes, and what will have become of it once it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route<'e> {
    /// The topic; nothing where it is dropped.
    pub topic: Option<Topic>,
    /// The record's key.
    pub key: Option<&'e str>,
    /// What became of it, once stored.
    pub outcome: Outcome,
}

/// Decides where a webhook of a source bound to `project_id` goes.
#[must_use]
pub fn route<'e>(
    envelope: &'e Envelope<'_>,
    project_id: Option<&str>,
    record_events: RecordEvents,
) -> Route<'e> {
    let unrecognized = |outcome| Route {
        topic: Some(Topic::Unrecognized),
        key: None,
        outcome,
    };
    if !may_speak_for(project_id, &envelope.project) {
        return unrecognized(Outcome::ProjectMismatch);
    }
    let (Some(_event), Some(account_id)) = (&envelope.event, &envelope.account_id) else {
        return unrecognized(Outcome::Unrecognized);
    };
    let (topic, outcome) = match record_events {
        _ if envelope.is_account_event() => (Some(Topic::AccountEvents), Outcome::Stored),
        RecordEvents::Publish => (Some(Topic::RecordEvents), Outcome::Stored),
        RecordEvents::Drop => (None, Outcome::RecordDropped),
    };
    Route {
        topic,
        key: Some(account_id),
        outcome,
    }
}

/// A source bound to a project may speak for that one alone; a body that names none is taken to
/// mean it.
fn may_speak_for(bound_to: Option<&str>, project: &Project<'_>) -> bool {
    match (bound_to, project) {
        (None, _) | (Some(_), Project::Unnamed) => true,
        (Some(bound_to), Project::Named(named)) => bound_to == named,
        (Some(_), Project::Unusable) => false,
    }
}

/// The `CloudEvents` attributes of a webhook of a source bound to `project_id`.
///
/// `ce_source` is who signed, where the source is bound to a project, and else the project the body
/// names.
#[must_use]
pub fn cloud_event(envelope: &Envelope<'_>, project_id: Option<&str>) -> CloudEvent {
    let named = match &envelope.project {
        Project::Named(named) => Some(named.as_ref()),
        Project::Unnamed | Project::Unusable => None,
    };
    let event_type = envelope.event.as_deref().unwrap_or(UNRECOGNIZED_TYPE);
    CloudEvent {
        id: envelope.id,
        event_type: event_type.to_owned(),
        source: source_of_project(project_id.or(named)),
        subject: envelope.account_id.as_deref().map(str::to_owned),
        time: envelope.event_date,
        dataschema: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: Option<Topic> = Some(Topic::AccountEvents);
    const RECORD: Option<Topic> = Some(Topic::RecordEvents);
    const UNRECOGNIZED: Option<Topic> = Some(Topic::Unrecognized);

    #[test]
    fn webhooks_go_where_the_table_says() {
        for (body, topic, key) in [
            (
                r#"{"event":"account.created","account_id":"a"}"#,
                ACCOUNT,
                Some("a"),
            ),
            (
                r#"{"event":"account.updated","account_id":"a"}"#,
                ACCOUNT,
                Some("a"),
            ),
            (
                r#"{"event":"account.deleted","account_id":"a"}"#,
                ACCOUNT,
                Some("a"),
            ),
            (
                r#"{"event":"account.error","account_id":"a"}"#,
                ACCOUNT,
                Some("a"),
            ),
            (
                r#"{"event":"hris_employees.created","account_id":"a"}"#,
                RECORD,
                Some("a"),
            ),
            (
                r#"{"event":"accounts.created","account_id":"a"}"#,
                RECORD,
                Some("a"),
            ),
            (r#"{"event":"account","account_id":"a"}"#, RECORD, Some("a")),
            (
                r#"{"event":"what-is-this","account_id":"a"}"#,
                RECORD,
                Some("a"),
            ),
            (r#"{"event":"account.created"}"#, UNRECOGNIZED, None),
            (
                r#"{"event":"account.created","account_id":"a/b"}"#,
                UNRECOGNIZED,
                None,
            ),
            (r#"{"event":"a b","account_id":"a"}"#, UNRECOGNIZED, None),
            (r#"{"account_id":"a"}"#, UNRECOGNIZED, None),
            ("not JSON", UNRECOGNIZED, None),
        ] {
            let envelope = Envelope::parse(body.as_bytes());
            let route = route(&envelope, None, RecordEvents::Publish);
            assert_eq!((route.topic, route.key), (topic, key), "{body}");
        }
    }

    #[test]
    fn record_events_can_be_dropped_but_nothing_else() {
        for (body, outcome) in [
            (
                r#"{"event":"hris_employees.created","account_id":"a"}"#,
                Outcome::RecordDropped,
            ),
            (
                r#"{"event":"account.created","account_id":"a"}"#,
                Outcome::Stored,
            ),
            (
                r#"{"event":"hris_employees.created"}"#,
                Outcome::Unrecognized,
            ),
        ] {
            let envelope = Envelope::parse(body.as_bytes());
            let route = route(&envelope, None, RecordEvents::Drop);
            assert_eq!(route.outcome, outcome, "{body}");
            assert_eq!(route.topic.is_none(), outcome == Outcome::RecordDropped);
        }
    }

    #[test]
    fn a_source_speaks_for_its_own_project_only() {
        for (project, outcome) in [
            (r#","project_id":"mine""#, Outcome::Stored),
            ("", Outcome::Stored),
            (r#","project_id":null"#, Outcome::Stored),
            (r#","project_id":"yours""#, Outcome::ProjectMismatch),
            (r#","project_id":7"#, Outcome::ProjectMismatch),
            (
                r#","project_id":"mine","project_id":"yours""#,
                Outcome::ProjectMismatch,
            ),
        ] {
            let body = format!(r#"{{"event":"account.created","account_id":"a"{project}}}"#);
            let envelope = Envelope::parse(body.as_bytes());
            let bound = route(&envelope, Some("mine"), RecordEvents::Publish);
            assert_eq!(bound.outcome, outcome, "{body}");
            let unbound = route(&envelope, None, RecordEvents::Publish);
            assert_eq!(unbound.outcome, Outcome::Stored, "{body}");
        }
    }

    #[test]
    fn the_attributes_say_who_signed_and_what_is_named() {
        let envelope = Envelope::parse(
            br#"{"event":"account.created","account_id":"a","project_id":"p","event_date":"2026-03-04T09:12:44Z"}"#,
        );
        let event = cloud_event(&envelope, None);
        assert_eq!(event.source, "/stackone/p");
        assert_eq!(event.event_type, "account.created");
        assert_eq!(event.subject.as_deref(), Some("a"));
        assert!(event.time.is_some());
        assert_eq!(cloud_event(&envelope, Some("q")).source, "/stackone/q");
        let nothing = cloud_event(&Envelope::parse(b"x"), None);
        assert_eq!(nothing.event_type, UNRECOGNIZED_TYPE);
        assert_eq!(nothing.source, "/stackone");
    }
}
