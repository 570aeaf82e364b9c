//! How the accounts API shows an account. Never with `credentials`.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::account::Account;
use crate::account_status::StatusReason;
use crate::timestamp;

/// The names that an answer uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApiVersion {
    /// `LinkedAccount`, documented in full.
    V1,
    /// `connector` and `owner_id`; the rest of its schema is not published, so an answer has the
    /// known fields only.
    V2,
}

#[derive(Serialize)]
struct LinkedAccount<'a> {
    id: &'a str,
    provider: &'a str,
    provider_name: Option<&'a str>,
    status: &'a str,
    status_reasons: Option<Vec<Reason<'a>>>,
    origin_owner_id: &'a str,
    origin_owner_name: &'a str,
    origin_username: Option<&'a str>,
    setup_information: Option<&'a Map<String, Value>>,
    label: Option<&'a str>,
    r#type: Option<&'a str>,
    shared: bool,
    #[serde(serialize_with = "timestamp::serialize")]
    created_at: Timestamp,
    #[serde(serialize_with = "timestamp::serialize")]
    updated_at: Timestamp,
}

#[derive(Serialize)]
struct LinkedAccountV2<'a> {
    id: &'a str,
    connector: &'a str,
    status: &'a str,
    status_reasons: Option<Vec<Reason<'a>>>,
    owner_id: &'a str,
    #[serde(serialize_with = "timestamp::serialize")]
    created_at: Timestamp,
    #[serde(serialize_with = "timestamp::serialize")]
    updated_at: Timestamp,
}

#[derive(Serialize)]
struct Reason<'a> {
    code: Option<&'a str>,
    description: Option<&'a str>,
    #[serde(serialize_with = "timestamp::serialize")]
    timestamp: Timestamp,
}

/// The JSON object of one account.
pub(crate) fn to_json(account: &Account, version: ApiVersion) -> Value {
    let json = match version {
        ApiVersion::V1 => serde_json::to_value(v1(account)),
        ApiVersion::V2 => serde_json::to_value(v2(account)),
    };
    // Text, times and JSON values always serialise.
    json.unwrap_or(Value::Null)
}

fn v1(account: &Account) -> LinkedAccount<'_> {
    LinkedAccount {
        id: account.id.as_str(),
        provider: &account.provider,
        provider_name: account.provider_name.as_deref(),
        status: account.status.as_str(),
        status_reasons: reasons(account),
        origin_owner_id: &account.origin_owner_id,
        origin_owner_name: &account.origin_owner_name,
        origin_username: account.origin_username.as_deref(),
        setup_information: account.setup_information.as_ref(),
        label: account.label.as_deref(),
        r#type: account.kind.as_deref(),
        shared: false,
        created_at: account.created_at,
        updated_at: account.updated_at,
    }
}

fn v2(account: &Account) -> LinkedAccountV2<'_> {
    LinkedAccountV2 {
        id: account.id.as_str(),
        connector: &account.provider,
        status: account.status.as_str(),
        status_reasons: reasons(account),
        owner_id: &account.origin_owner_id,
        created_at: account.created_at,
        updated_at: account.updated_at,
    }
}

fn reasons(account: &Account) -> Option<Vec<Reason<'_>>> {
    let reason = |reason| show(reason, account.status_changed_at);
    (!account.status_reasons.is_empty())
        .then(|| account.status_reasons.iter().map(reason).collect())
}

fn show(reason: &StatusReason, timestamp: Timestamp) -> Reason<'_> {
    Reason {
        code: reason.code.as_deref(),
        description: reason.description.as_deref(),
        timestamp,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::account::NewAccount;
    use crate::account_status::AccountStatus;
    use crate::account_store::AccountStore;

    fn fixture(name: &str) -> Value {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/fixtures/");
        serde_json::from_slice(&std::fs::read(format!("{folder}{name}")).unwrap()).unwrap()
    }

    fn keys(json: &Value) -> BTreeSet<String> {
        json.as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn an_answer_has_exactly_the_documented_fields() {
        let mut store = AccountStore::new(1);
        let account = store
            .link("p", &NewAccount::default(), timestamp::now())
            .unwrap();
        let v1 = to_json(&account, ApiVersion::V1);
        assert_eq!(keys(&v1), keys(&fixture("accounts.get.200.active.json")));
        assert!(v1["status_reasons"].is_null());
        assert_eq!(to_json(&account, ApiVersion::V2)["connector"], "bamboohr");
    }

    #[test]
    fn a_status_reason_is_dated_with_the_change() {
        let mut store = AccountStore::new(1);
        let id = store
            .link("p", &NewAccount::default(), timestamp::now())
            .unwrap()
            .id;
        let reasons = vec![StatusReason::new("401", "refused")];
        let account = store
            .set_status(&id, AccountStatus::Error, reasons, timestamp::now())
            .unwrap();
        let json = to_json(&account, ApiVersion::V1);
        let reason = &json["status_reasons"][0];
        assert_eq!(
            keys(reason),
            keys(&fixture("accounts.get.200.error.json")["status_reasons"][0])
        );
        assert_eq!(reason["timestamp"], json["updated_at"]);
    }
}
