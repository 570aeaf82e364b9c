use proptest::prelude::*;

use super::*;

fn parse(body: &str) -> Envelope<'_> {
    Envelope::parse(body.as_bytes())
}

#[test]
fn the_documented_account_event_is_read() {
    let body = include_bytes!("../../fixtures/account.updated.json");
    let envelope = Envelope::parse(body);
    assert_eq!(envelope.event.as_deref(), Some("account.updated"));
    assert!(envelope.account_id.is_some() && envelope.is_account_event());
    assert!(matches!(envelope.project, Project::Named(_)));
    assert!(envelope.event_date.is_some() && envelope.sent_at.is_some());
}

#[test]
fn usable_texts_of_a_webhook_are_borrowed_from_its_body() {
    let envelope = parse(r#"{"event":"account.created","account_id":"a"}"#);
    assert!(matches!(envelope.event, Some(Cow::Borrowed(_))));
    assert!(matches!(envelope.account_id, Some(Cow::Borrowed("a"))));
    let escaped = parse(r#"{"\u0065vent":"account.\u0063reated"}"#);
    assert_eq!(escaped.event.as_deref(), Some("account.created"));
}

#[test]
fn a_webhook_that_is_no_object_or_has_unusable_names_has_none() {
    for body in ["", "{", "[]", "1", "null", "\"x\"", "{} {}", "\u{feff}{}"] {
        assert!(!parse(body).is_object, "{body}");
    }
    assert!(!Envelope::parse(b"{\"event\":\"\xff\"}").is_object);
    let long = "x".repeat(129);
    for event in [
        "\"\"",
        "1",
        "null",
        "\"a b\"",
        "\"a/b\"",
        &format!("\"{long}\""),
    ] {
        let body = format!(r#"{{"event":{event},"account_id":"a"}}"#);
        assert_eq!(parse(&body).event, None, "{body}");
    }
    for id in [
        "\"\"",
        "45320",
        "null",
        "\"a/b\"",
        "\"..\"",
        &format!("\"{long}\""),
    ] {
        let body = format!(r#"{{"event":"account.created","account_id":{id}}}"#);
        assert_eq!(parse(&body).account_id, None, "{body}");
    }
}

#[test]
fn a_member_that_stands_there_twice_says_nothing() {
    let twice = parse(r#"{"event":"account.created","account_id":"a","account_id":"b"}"#);
    assert_eq!(twice.account_id, None);
    assert_eq!(twice.event.as_deref(), Some("account.created"));
    let project = parse(r#"{"project_id":"a","project_id":"b"}"#);
    assert_eq!(project.project, Project::Unusable);
}

#[test]
fn a_project_is_named_or_not_or_unusable() {
    assert_eq!(parse("{}").project, Project::Unnamed);
    assert_eq!(parse(r#"{"project_id":null}"#).project, Project::Unnamed);
    assert_eq!(parse(r#"{"project_id":7}"#).project, Project::Unusable);
    assert_eq!(parse(r#"{"project_id":"a\nb"}"#).project, Project::Unusable);
    let named = Project::Named(Cow::Borrowed("acme-1"));
    assert_eq!(parse(r#"{"project_id":"acme-1"}"#).project, named);
}

fn body(event: &str, record_id: &str, sent_at: &str, more: &str) -> String {
    format!(
        r#"{{"project_id":"p","event":"{event}","account_id":"a","record_type":"t","record_id":{record_id},
            "event_date":"2026-03-04T09:12:44Z","sent_at":"{sent_at}"{more}}}"#
    )
}

fn id(event: &str, record_id: &str, sent_at: &str, more: &str) -> Uuid {
    parse(&body(event, record_id, sent_at, more)).id
}

#[test]
fn a_redelivery_has_the_same_id() {
    for event in ["account.updated", "hris_employees.updated"] {
        assert_eq!(id(event, "1", "x", ""), id(event, "1", "y", ""));
        assert_ne!(id(event, "1", "x", ""), id(event, "2", "x", ""));
        assert_ne!(id(event, "1", "x", ""), id(event, "\"1\"", "x", ""));
    }
}

#[test]
fn the_rest_of_the_body_tells_record_events_apart_but_not_account_events() {
    let (one, two) = (r#","raw_event":1"#, r#","raw_event":2"#);
    let native = "ats_job_postings.updated";
    assert_ne!(id(native, "1", "x", one), id(native, "1", "x", two));
    let account = "account.updated";
    assert_eq!(id(account, "1", "x", one), id(account, "1", "x", two));
}

#[test]
fn the_order_of_members_does_not_matter() {
    let one = r#"{"project_id":"p","event":"e","account_id":"a","record_type":"t","record_id":1,"event_date":"d","x":1}"#;
    let two = r#"{"x":1,"event_date":"d","record_id":1,"record_type":"t","account_id":"a","event":"e","project_id":"p"}"#;
    assert_eq!(parse(one).id, parse(two).id);
}

#[test]
fn without_a_field_of_the_identity_the_id_is_that_of_the_whole_body() {
    for (body, what) in [
        ("not JSON".to_owned(), "not JSON"),
        (body("account.updated", "{}", "x", ""), "an odd record id"),
        (
            body("account.updated", "1", "x", r#","event":"e""#),
            "two events",
        ),
    ] {
        assert_eq!(parse(&body).id, event_id_of_body(body.as_bytes()), "{what}");
    }
}

#[test]
fn deep_nesting_is_only_skipped() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let body = format!(r#"{{"event":"account.created","account_id":"a","deep":{deep}}}"#);
    assert_eq!(parse(&body).account_id.as_deref(), Some("a"));
}

#[test]
fn what_cannot_be_said_exactly_is_no_id_name_or_date() {
    let half = r#""\ud83d""#;
    let body =
        format!(r#"{{"event":{half},"account_id":{half},"project_id":{half},"sent_at":{half}}}"#);
    let envelope = parse(&body);
    assert_eq!((envelope.event, envelope.account_id), (None, None));
    assert_eq!(
        (envelope.project, envelope.sent_at),
        (Project::Unusable, None)
    );
}

#[test]
fn a_date_has_a_year_that_headers_can_say() {
    let of = |date: &str| parse(&format!(r#"{{"event_date":"{date}"}}"#)).event_date;
    for date in ["0000-01-01T00:00:00Z", "9999-12-30T00:00:00Z"] {
        assert_eq!(of(date).unwrap().to_string(), date);
    }
    for date in ["-000001-12-31T23:59:59Z", "-009999-01-02T00:00:00Z"] {
        assert_eq!(of(date), None, "{date}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_of_webhooks_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _envelope = Envelope::parse(&body);
    }

    #[test]
    fn nothing_like_a_webhook_makes_its_parser_panic(
        body in r#"\{("(event|account_id|project_id|sent_at|record_id)":("[a-z./\\u0-9]{0,9}"|[0-9.eE-]{0,5}|null|\[\]|\{\}),?){0,5}\}"#,
    ) {
        let _envelope = Envelope::parse(body.as_bytes());
    }

    /// Ingest and the processor read the same members whatever other members a body has.
    #[test]
    fn no_oddity_in_a_member_that_is_not_read_changes_what_is_read(
        odd in crate::json::strategies::odd_members(),
        at in 0usize..2,
    ) {
        let used = r#""event":"account.updated","account_id":"a","project_id":"p","event_date":"2026-03-04T09:12:44Z","sent_at":"2026-03-04T09:12:45Z","record_type":"account","record_id":"a""#;
        let plain = format!("{{{used}}}");
        let body = if at == 0 { format!("{{{odd},{used}}}") } else { format!("{{{used},{odd}}}") };
        prop_assert_eq!(parse(&body), parse(&plain), "{}", body);
        let event = crate::AccountEvent::parse(body.as_bytes());
        prop_assert_eq!(event.ok(), crate::AccountEvent::parse(plain.as_bytes()).ok(), "{}", body);
    }

    #[test]
    fn texts_that_are_used_of_a_webhook_are_always_bounded_and_harmless(text in "\\PC{0,200}") {
        let quoted = serde_json::to_string(&text).unwrap();
        let body = format!(r#"{{"event":{quoted},"account_id":{quoted},"project_id":{quoted}}}"#);
        let envelope = parse(&body);
        let event = envelope.event.as_deref().is_some_and(is_event_name);
        prop_assert!(event || envelope.event.is_none());
        let account = envelope.account_id.as_deref().is_some_and(AccountId::is_valid);
        prop_assert!(account || envelope.account_id.is_none());
    }
}
