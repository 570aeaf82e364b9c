//! The envelope of any body: never a panic, the same id each time, a key that is valid, headers
//! that can be read back, and what is routed to the processor can be read by it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use stackone_ingest::Outcome;
use stackone_ingest::config::RecordEvents;
use stackone_ingest::routing::{Route, cloud_event, route};
use stackone_link_schemas::webhook::{Envelope, Project, is_event_name, is_project_id};
use stackone_link_schemas::{AccountEvent, AccountId, MalformedEvent};
use stackone_link_wire::{RecordHeaders, Topic};

/// The project of the fixtures.
const BOUND_TO: &str = "acmeinc-27270";
/// More than any header that is made of a body may have.
const LONGEST_HEADER: usize = 128 + "/stackone/".len();

fuzz_target!(|body: &[u8]| {
    let envelope = Envelope::parse(body);
    assert_eq!(envelope, Envelope::parse(body), "read twice");
    fields(&envelope);
    for bound_to in [None, Some(BOUND_TO)] {
        for records in [RecordEvents::Publish, RecordEvents::Drop] {
            routes(&envelope, bound_to, records);
        }
        headers(&envelope, bound_to);
    }
    if route(&envelope, None, RecordEvents::Publish).topic == Some(Topic::AccountEvents) {
        processor_reads(&envelope, body);
    }
    if let Ok(Value::Object(members)) = serde_json::from_slice(body) {
        assert!(envelope.is_object, "an object that is not seen as one");
        redelivered(members);
    }
});

/// What is used of a body is harmless.
fn fields(envelope: &Envelope<'_>) {
    assert!(envelope.event.as_deref().is_none_or(is_event_name));
    assert!(
        envelope
            .account_id
            .as_deref()
            .is_none_or(AccountId::is_valid)
    );
    if let Project::Named(project) = &envelope.project {
        assert!(is_project_id(project));
    }
    assert!(envelope.is_object || (envelope.event.is_none() && envelope.account_id.is_none()));
    assert_eq!(envelope.id.get_version_num(), 5);
}

fn routes(envelope: &Envelope<'_>, bound_to: Option<&str>, records: RecordEvents) {
    let Route {
        topic,
        key,
        outcome,
    } = route(envelope, bound_to, records);
    let is_account = envelope.is_account_event();
    match topic {
        Some(Topic::Unrecognized) => {
            assert_eq!(key, None);
            assert!(matches!(
                outcome,
                Outcome::Unrecognized | Outcome::ProjectMismatch
            ));
            return;
        }
        Some(Topic::AccountEvents) => assert!(is_account),
        Some(Topic::RecordEvents) => assert!(!is_account && records == RecordEvents::Publish),
        None => assert!(!is_account && outcome == Outcome::RecordDropped),
        Some(other) => panic!("{other:?} is not for ingest to write"),
    }
    assert!(key.is_some() && key == envelope.account_id.as_deref());
    let may_speak = match (&envelope.project, bound_to) {
        (_, None) | (Project::Unnamed, _) => true,
        (Project::Named(project), Some(bound_to)) => project == bound_to,
        (Project::Unusable, Some(_)) => false,
    };
    assert!(may_speak, "another project's account");
}

/// Headers are short, plain and read back as they were written.
fn headers(envelope: &Envelope<'_>, bound_to: Option<&str>) {
    let headers = RecordHeaders::of(cloud_event(envelope, bound_to));
    let event = &headers.event;
    let texts = [
        Some(&event.event_type),
        Some(&event.source),
        event.subject.as_ref(),
    ];
    for text in texts.into_iter().flatten() {
        assert!(text.len() <= LONGEST_HEADER, "{} bytes", text.len());
        assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
    }
    let pairs = headers.to_pairs();
    let lent = pairs
        .iter()
        .map(|(name, text)| (*name, Some(text.as_bytes())));
    let read = RecordHeaders::decode(lent);
    assert_eq!(read.expect("headers can be read"), headers);
}

/// What the processor reads of a record on its topic is what ingest read. It is stricter in one
/// thing: what names a project in a way that cannot be used, it puts with the dead letters.
fn processor_reads(envelope: &Envelope<'_>, body: &[u8]) {
    let event = match AccountEvent::parse(body) {
        Ok(event) => event,
        Err(error) => {
            assert_eq!(error, MalformedEvent::NoProjectId);
            assert_eq!(envelope.project, Project::Unusable);
            return;
        }
    };
    assert_eq!(Some(event.event.as_str()), envelope.event.as_deref());
    assert_eq!(
        Some(event.account_id.as_str()),
        envelope.account_id.as_deref()
    );
    assert_eq!(event.event_date, envelope.event_date);
    match &envelope.project {
        Project::Named(project) => assert_eq!(event.project_id.as_deref(), Some(project.as_ref())),
        Project::Unnamed => assert_eq!(event.project_id, None),
        Project::Unusable => panic!("a project that cannot be used is read"),
    }
}

/// Another `sent_at` makes no other event, where the body says which event it is.
fn redelivered(mut members: Map<String, Value>) {
    let text = |name| members.get(name).is_some_and(Value::is_string);
    let names = [
        "event",
        "project_id",
        "account_id",
        "record_type",
        "event_date",
    ];
    let record = members.get("record_id");
    let is_whole =
        names.into_iter().all(text) && record.is_some_and(|id| id.is_string() || id.is_number());
    if !is_whole {
        return;
    }
    let mut sent = |at: &str| {
        members.insert("sent_at".to_owned(), Value::from(at));
        let body = serde_json::to_vec(&members).expect("a map of JSON is JSON");
        Envelope::parse(&body).id
    };
    assert_eq!(sent("2026-03-04T09:12:44.318Z"), sent("later"));
}
