//! Tests that each file of `fixtures/` is what its row in `fixtures/README.md` says, for the types
//! of this crate.

use std::collections::BTreeSet;

use serde_json::Value;
use stackone_link_schemas::{
    AccountEvent, AccountSnapshot, AccountStatus, AccountType, MalformedEvent, StatusReason,
};

use crate::{json, path, text};

fn event(file: &str) -> Result<AccountEvent, MalformedEvent> {
    AccountEvent::parse(text(&format!("fixtures/{file}")).as_bytes())
}

/// Source: StackOne's webhook guide, account events.
#[test]
fn account_webhooks_are_read() {
    let acme = "GnQoASvosYhE5wJcmmAQs";
    let numeric = "account.created.minimal-numeric-record-id.json";
    let created_at = "2026-03-04T09:12:44.102Z";
    let updated_at = "2026-03-05T16:40:02.771Z";
    let deleted_at = "2026-03-09T11:05:31Z";
    for (file, name, account, date) in [
        ("account.created.json", "account.created", acme, created_at),
        ("account.updated.json", "account.updated", acme, updated_at),
        ("account.deleted.json", "account.deleted", acme, deleted_at),
        (numeric, "account.created", "45320", created_at),
    ] {
        let event = event(file).unwrap();
        assert_eq!(event.event, name, "{file}");
        assert_eq!(event.account_id.as_str(), account, "{file}");
        assert_eq!(event.project_id.as_deref(), Some("acmeinc-27270"), "{file}");
        assert_eq!(event.event_date, Some(date.parse().unwrap()), "{file}");
        assert_eq!(event.is_deleted(), name == "account.deleted", "{file}");
    }
}

/// Source: none, it is a probe. An account event that StackOne may add is still a trigger.
#[test]
fn an_account_webhook_of_the_future_is_read() {
    let event = event("unknown.future-event.json").unwrap();
    assert_eq!(event.event, "account.suspended");
    assert_eq!(event.account_id.as_str(), "GnQoASvosYhE5wJcmmAQs");
    assert!(!event.is_deleted());
}

/// Source: StackOne's webhook guide, synthetic and native events.
#[test]
fn webhooks_of_other_records_are_no_account_events() {
    for file in [
        "hris_employees.created.synthetic.json",
        "ats_job_postings.updated.native.json",
    ] {
        let refused = event(file);
        assert!(
            matches!(refused, Err(MalformedEvent::NotAnAccountEvent)),
            "{file}: {refused:?}"
        );
    }
}

/// Returns the types' reading of one account of the accounts API, version 1.
fn account(value: &Value) -> (AccountSnapshot, AccountStatus, Vec<StatusReason>) {
    let part = |name: &str| value[name].clone();
    let reasons: Option<_> = serde_json::from_value(part("status_reasons")).unwrap();
    (
        serde_json::from_value(value.clone()).unwrap(),
        serde_json::from_value(part("status")).unwrap(),
        reasons.unwrap_or_default(),
    )
}

/// Source: `LinkedAccount` of the accounts API's `OpenAPI` description, version 1.
#[test]
fn accounts_of_the_api_are_snapshots() {
    let (snapshot, status, reasons) = account(&json("fixtures/accounts.get.200.active.json"));
    assert_eq!(snapshot.provider, "bamboohr");
    assert_eq!(snapshot.provider_name.as_deref(), Some("BambooHR"));
    assert_eq!(snapshot.origin_owner_id, "tenant_8f41c2");
    assert_eq!(snapshot.label, None);
    assert_eq!(snapshot.account_type, Some(AccountType::Production));
    assert_eq!(
        snapshot.updated_at,
        Some("2026-03-04T09:12:43.991Z".parse().unwrap())
    );
    assert_eq!(
        (status, reasons.as_slice()),
        (AccountStatus::Active, &[][..])
    );

    let (_, status, reasons) = account(&json("fixtures/accounts.get.200.error.json"));
    assert_eq!(status, AccountStatus::Error);
    assert_eq!(reasons[0].code.as_deref(), Some("401"));
    assert_eq!(
        reasons[0].timestamp,
        Some("2026-03-05T16:40:02.771Z".parse().unwrap())
    );
}

/// Source: the accounts API's `OpenAPI` description and SDKs (a bare array), and one page of its
/// guides (`{"data": []}`).
#[test]
fn both_documented_forms_of_the_list_hold_the_same_accounts() {
    let bare = json("fixtures/accounts.list.200.bare-array.json");
    let wrapped = json("fixtures/accounts.list.200.data-wrapper.json");
    assert_eq!(bare, wrapped["data"]);
    let accounts: Vec<_> = bare.as_array().unwrap().iter().map(account).collect();
    let statuses: Vec<_> = accounts.iter().map(|(_, status, _)| status).collect();
    assert_eq!(statuses, [&AccountStatus::Active, &AccountStatus::Expired]);
    let reason = &accounts[1].2[0];
    assert_eq!((&reason.code, &reason.description), (&None, &None));
}

/// Source: the migration guide to version 2, and assumptions. Its names have to be mapped before it
/// is a snapshot.
#[test]
fn an_account_of_version_2_of_the_api_is_not_taken_for_one_of_version_1() {
    let value = json("fixtures/accounts.v2.get.200.expired.ASSUMED.json");
    let refused = serde_json::from_value::<AccountSnapshot>(value.clone()).unwrap_err();
    assert!(
        refused.to_string().contains("missing field `provider`"),
        "{refused}"
    );
    let status: AccountStatus = serde_json::from_value(value["status"].clone()).unwrap();
    assert_eq!(status, AccountStatus::Expired);
    assert!(value["connector"].is_string() && value["owner_id"].is_string());
    assert!(value.get("credentials").is_none());
}

/// Source: error examples of the accounts API's `OpenAPI` description. Their type is the API
/// client's.
#[test]
fn error_bodies_carry_status_code_message_and_timestamp() {
    for code in [401, 404, 429] {
        let body = json(&format!("fixtures/accounts.get.{code}.json"));
        assert_eq!(body["statusCode"], code);
        assert!(body["message"].is_string(), "{code}");
        let timestamp = body["timestamp"].as_str().unwrap();
        assert!(timestamp.parse::<jiff::Timestamp>().is_ok(), "{code}");
    }
}

/// Source: the connect sessions API's `OpenAPI` description. Nothing here reads it yet.
#[test]
fn a_connect_session_carries_its_token_and_its_link() {
    let body = json("fixtures/connect_sessions.post.201.json");
    let token = body["token"].as_str().unwrap();
    assert!(body["auth_link_url"].as_str().unwrap().ends_with(token));
    assert_eq!(body["project_id"], "acmeinc-27270");
}

/// Source: the webhook guide's algorithm; the values were computed locally. `ingest` checks the
/// signatures themselves.
#[test]
fn signature_vectors_have_one_right_signature_and_four_wrong_encodings() {
    let vectors = json("fixtures/signature-vectors.json");
    let vectors = vectors["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 6);
    for vector in vectors {
        let right = vector["x-stackone-signature"].as_str().unwrap();
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        assert!(
            right.len() == 43 && right.bytes().all(is_base64url),
            "{vector}"
        );
        let wrong = vector["must_reject"].as_object().unwrap();
        assert_eq!(wrong.len(), 4, "{vector}");
        assert!(wrong.values().all(|wrong| wrong != right), "{vector}");
    }
}

#[test]
fn every_fixture_has_a_row_in_the_table_and_every_row_a_fixture() {
    for folder in ["fixtures", "fixtures/records"] {
        let entries = std::fs::read_dir(path(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let files: BTreeSet<_> = names.filter(|name| name.ends_with(".json")).collect();
        assert_eq!(files, rows_of(folder), "{folder}");
    }
}

/// Returns the files in the first column of the tables in `fixtures/README.md`.
fn rows_of(folder: &str) -> BTreeSet<String> {
    let readme = text("fixtures/README.md");
    let (sent, written) = readme.split_once("## What the pipeline writes").unwrap();
    let part = if folder == "fixtures" { sent } else { written };
    let first_columns = part.lines().filter_map(|line| line.split('|').nth(1));
    let names = first_columns.flat_map(|column| column.split('`').skip(1).step_by(2));
    names.map(ToOwned::to_owned).collect()
}
