//! Accounts as the API shows them: v1 `LinkedAccount` (StackOne `OpenAPI`), v2 names mapped to v1's.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use stackone_link_schemas::{AccountId, AccountSnapshot, AccountStatus, AccountType, StatusReason};

use crate::{ApiError, PersonalFields};

/// Which accounts API is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApiVersion {
    /// `GET /accounts/{id}`.
    #[default]
    V1,
    /// `GET /v2/accounts/{id}`, with `connector` and `owner_id`. Its full schema is not published.
    V2,
}

/// What a lookup found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The account.
    Found(Box<Account>),
    /// StackOne's own 404: there is no such account for this key.
    NotFound,
}

/// What a request to delete an account found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// StackOne took the request.
    Deleted,
    /// StackOne's own 404: there is no such account for this key.
    NotFound,
}

/// An account, without its credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its status.
    pub status: AccountStatus,
    /// Why.
    pub status_reasons: Vec<StatusReason>,
    /// What is told to subscribers.
    pub snapshot: AccountSnapshot,
}

/// Reads the answer to a lookup of account `id`.
///
/// # Errors
///
/// [`ApiError::Unreadable`] where it is no account, or another one.
pub fn parse_account(
    body: &[u8],
    id: &AccountId,
    personal: PersonalFields,
) -> Result<Account, ApiError> {
    let wire: Wire = serde_json::from_slice(body).map_err(|error| {
        ApiError::unreadable(format!("not an account: {:?} error", error.classify()))
    })?;
    if wire.id() != id.as_str() {
        return Err(ApiError::unreadable("another account's id"));
    }
    Ok(wire.into_account(personal))
}

/// Whether the body of a 404 is StackOne's own, `{"statusCode": 404, "message": …}`, which alone
/// says that there is no such account: behind a wrong base URL something else answers 404.
#[must_use]
pub fn says_not_found(body: &[u8]) -> bool {
    let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let has_message = value
        .get("message")
        .is_some_and(serde_json::Value::is_string);
    // A message alone is how many gateways answer.
    has_message && value.get("statusCode").is_some_and(|status| status == 404)
}

/// `credentials` is not among the members on purpose: what is not read cannot leak.
#[derive(Deserialize)]
pub(crate) struct Wire {
    id: String,
    #[serde(alias = "connector")]
    provider: String,
    #[serde(default)]
    provider_name: Option<String>,
    status: AccountStatus,
    #[serde(default)]
    status_reasons: Option<Vec<WireReason>>,
    #[serde(alias = "owner_id")]
    origin_owner_id: String,
    #[serde(default)]
    origin_owner_name: Option<String>,
    #[serde(default)]
    origin_username: Option<String>,
    #[serde(default)]
    setup_information: Option<serde_json::Value>,
    #[serde(default)]
    label: Option<String>,
    #[serde(rename = "type", default)]
    account_type: Option<String>,
    #[serde(default, deserialize_with = "lenient_date")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient_date")]
    updated_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct WireReason {
    #[serde(default, deserialize_with = "lenient_date")]
    timestamp: Option<Timestamp>,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

pub(crate) fn lenient_date<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_str().and_then(|text| text.parse().ok()))
}

impl Wire {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn into_account(self, personal: PersonalFields) -> Account {
        let reasons = self.status_reasons.unwrap_or_default().into_iter();
        let reason = |WireReason {
                          timestamp,
                          code,
                          description,
                      }| StatusReason {
            timestamp,
            code,
            description,
        };
        let mut account = Account {
            status: self.status,
            status_reasons: reasons.map(reason).collect(),
            snapshot: AccountSnapshot {
                provider: self.provider,
                provider_name: self.provider_name,
                origin_owner_id: self.origin_owner_id,
                origin_owner_name: self.origin_owner_name,
                origin_username: self.origin_username,
                label: self.label,
                // The OpenAPI's examples are in upper case, its enum in lower case.
                account_type: self
                    .account_type
                    .map(|text| AccountType::from(text.to_ascii_lowercase().as_str())),
                created_at: self.created_at,
                updated_at: self.updated_at,
                setup_information: self.setup_information,
            },
        };
        personal.redact(&mut account.snapshot);
        account
    }
}
