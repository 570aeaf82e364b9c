//! Connect sessions: what they are made with, and how the API shows them. Field for field as
//! documented.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::account::AccountId;

/// How long a session lives that says nothing else.
const EXPIRES_IN: u64 = 1_800;
/// What an organization's id is shown as where the project's has no number at its end.
const NO_ORGANIZATION: u64 = 1;

/// The body of `POST /connect_sessions`. All but the first two may be left out or null.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionRequest {
    pub(crate) origin_owner_id: String,
    pub(crate) origin_owner_name: String,
    pub(crate) categories: Option<Vec<String>>,
    pub(crate) provider: Option<String>,
    /// Deprecated; taken and not used.
    #[serde(rename = "provider_version")]
    _provider_version: Option<String>,
    pub(crate) origin_username: Option<String>,
    /// The account whose edit it is.
    pub(crate) account_id: Option<AccountId>,
    /// Seconds.
    pub(crate) expires_in: Option<u64>,
    pub(crate) metadata: Option<Map<String, Value>>,
    pub(crate) multiple: Option<bool>,
    pub(crate) label: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<Kind>,
    pub(crate) integration_id: Option<String>,
    pub(crate) connector_profile_id: Option<String>,
    /// Known by name only; taken and not used.
    #[serde(rename = "shared")]
    _shared: Option<bool>,
    #[serde(rename = "relink")]
    _relink: Option<bool>,
    #[serde(rename = "scopes")]
    _scopes: Option<bool>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    #[default]
    Production,
    Test,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Test => "test",
        }
    }
}

/// A session that was made.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) id: u64,
    pub(crate) project_id: String,
    pub(crate) asked: SessionRequest,
    /// Whoever has it may link.
    pub(crate) token: String,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// What an OAuth attempt has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptStatus {
    /// The popup is open, or was closed without a word.
    Pending,
    /// There is an account.
    Authenticated,
    /// The provider refused.
    Error,
    /// The Hub was cancelled.
    Cancelled,
    /// It took too long.
    Expired,
}

/// An OAuth attempt of a session.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) id: String,
    pub(crate) session_id: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) outcome: AttemptOutcome,
}

/// What an attempt has come to, with what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttemptOutcome {
    pub(crate) status: AttemptStatus,
    pub(crate) account: Option<AccountId>,
    /// The provider's code and description.
    pub(crate) error: Option<(String, String)>,
}

impl AttemptOutcome {
    pub(crate) fn of(status: AttemptStatus) -> Self {
        Self {
            status,
            account: None,
            error: None,
        }
    }
}

/// How the number of an organization is written: SDKs of 2025 read a number, the newest documents
/// show text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrganizationId {
    /// `27270`
    #[default]
    Number,
    /// `"27270"`
    Text,
}

impl Session {
    pub(crate) fn new(
        id: u64,
        project_id: &str,
        asked: SessionRequest,
        token: String,
        now: Timestamp,
    ) -> Self {
        let seconds = asked.expires_in.unwrap_or(EXPIRES_IN);
        let life = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
        Self {
            id,
            project_id: project_id.to_owned(),
            asked,
            token,
            created_at: now,
            expires_at: now.checked_add(life).unwrap_or(Timestamp::MAX),
        }
    }

    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }

    /// Whether it may link accounts of this connector.
    pub(crate) fn offers(&self, provider: &str, category: &str) -> bool {
        let is_provider = |wanted: &String| wanted == provider;
        let has_category = |wanted: &Vec<String>| wanted.iter().any(|one| one == category);
        self.asked.provider.as_ref().is_none_or(is_provider)
            && self.asked.categories.as_ref().is_none_or(has_category)
    }

    /// As `POST /connect_sessions` answers: with the token, and where a person can go with it.
    pub(crate) fn with_token(&self, organization: OrganizationId, auth_link_url: &str) -> Value {
        let mut json = self.to_json(organization);
        json["token"] = json!(self.token);
        json["auth_link_url"] = json!(auth_link_url);
        json
    }

    /// As `POST /connect_sessions/authenticate` answers.
    pub(crate) fn with_attempt(
        &self,
        organization: OrganizationId,
        latest: Option<&Attempt>,
    ) -> Value {
        let mut json = self.to_json(organization);
        json["connector_profile_id"] = json!(self.asked.connector_profile_id);
        json["latest_connection_attempt"] = latest.map_or(Value::Null, Attempt::in_session);
        json
    }

    fn to_json(&self, organization: OrganizationId) -> Value {
        let asked = &self.asked;
        json!({
            "id": self.id,
            "organization_id": organization_id(&self.project_id, organization),
            "project_id": self.project_id,
            "categories": asked.categories,
            "provider": asked.provider,
            "origin_owner_id": asked.origin_owner_id,
            "origin_owner_name": asked.origin_owner_name,
            "origin_username": asked.origin_username,
            "account_id": asked.account_id,
            "label": asked.label,
            "created_at": format!("{:.3}", self.created_at),
            "metadata": asked.metadata,
            "external_trigger_token": null,
            "type": asked.kind.unwrap_or_default().as_str(),
            "integration_id": asked.integration_id,
        })
    }
}

/// The number at the end of a project's id, `acmeinc-27270`.
fn organization_id(project_id: &str, shape: OrganizationId) -> Value {
    let number = project_id
        .rsplit('-')
        .next()
        .and_then(|end| end.parse().ok());
    let number: u64 = number.unwrap_or(NO_ORGANIZATION);
    match shape {
        OrganizationId::Number => json!(number),
        OrganizationId::Text => json!(number.to_string()),
    }
}

impl Attempt {
    /// As the Hub polls it.
    pub(crate) fn to_json(&self) -> Value {
        let AttemptOutcome {
            status,
            account,
            error,
        } = &self.outcome;
        let of_account = |id: &AccountId| json!({ "id": id });
        let of_error = |(code, description): &(String, String)| json!({ "code": code, "description": description });
        json!({
            "status": status,
            "account": account.as_ref().map(of_account),
            "error": error.as_ref().map(of_error),
        })
    }

    /// As a session shows its latest one.
    fn in_session(&self) -> Value {
        let error = self.outcome.error.as_ref();
        json!({
            "id": self.id,
            "created_at": format!("{:.3}", self.created_at),
            "updated_at": format!("{:.3}", self.updated_at),
            "status": self.outcome.status,
            "account_secure_id": self.outcome.account,
            "oauth_error_code": error.map(|(code, _)| code),
            "oauth_error_description": error.map(|(_, description)| description),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn session(body: Value) -> Session {
        let asked = serde_json::from_value(body).unwrap();
        let now = Timestamp::from_second(1_772_614_800).unwrap();
        Session::new(7, "acmeinc-27270", asked, "token".to_owned(), now)
    }

    fn minimal() -> Value {
        json!({ "origin_owner_id": "tenant-1", "origin_owner_name": "Acme" })
    }

    fn keys(json: &Value) -> BTreeSet<String> {
        json.as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn an_answer_has_exactly_the_documented_fields() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../schemas/fixtures/connect_sessions.post.201.json"
        );
        let documented: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let shown = session(minimal()).with_token(OrganizationId::Text, "http://link");
        assert_eq!(keys(&shown), keys(&documented));
        assert_eq!(shown["organization_id"], documented["organization_id"]);
        assert_eq!(shown["type"], "production");
    }

    #[test]
    fn an_answer_without_the_token_tells_of_the_latest_attempt() {
        let session = session(minimal());
        let shown = session.with_attempt(OrganizationId::Number, None);
        assert!(shown.get("token").is_none() && shown.get("auth_link_url").is_none());
        assert_eq!(shown["organization_id"], 27270);
        assert!(shown["latest_connection_attempt"].is_null());
    }

    #[test]
    fn a_session_lives_half_an_hour_or_as_long_as_was_asked() {
        let (usual, short) = (session(minimal()), {
            let mut body = minimal();
            body["expires_in"] = json!(60);
            session(body)
        });
        let seconds = |session: &Session| {
            session
                .expires_at
                .duration_since(session.created_at)
                .as_secs()
        };
        assert_eq!((seconds(&usual), seconds(&short)), (1_800, 60));
        assert!(!short.is_over(short.created_at) && short.is_over(short.expires_at));
    }

    #[test]
    fn a_field_that_is_not_documented_or_lacks_is_refused() {
        let mut unknown = minimal();
        unknown["owner_id"] = json!("tenant-1");
        for body in [unknown, json!({ "origin_owner_id": "tenant-1" })] {
            assert!(serde_json::from_value::<SessionRequest>(body).is_err());
        }
    }

    #[test]
    fn a_session_offers_what_provider_and_categories_allow() {
        let mut body = minimal();
        body["categories"] = json!(["hris"]);
        let of_category = session(body.clone());
        assert!(of_category.offers("bamboohr", "hris") && !of_category.offers("x", "ats"));
        body["provider"] = json!("hibob");
        let of_provider = session(body);
        assert!(of_provider.offers("hibob", "hris") && !of_provider.offers("bamboohr", "hris"));
    }
}
