//! Accounts as the API shows them: v1 `LinkedAccount` (StackOne `OpenAPI`), v2 names mapped to v1's.

mod parse;

use serde::Deserialize;
use stackone_link_schemas::json::JsonObject;
use stackone_link_schemas::{AccountSnapshot, AccountStatus, StatusReason};

pub use parse::{Parsed, parse_account};
pub(crate) use parse::{date, read_account, status};

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

/// What a lookup found. Both are answers; what is no answer is an [`ApiError`](crate::ApiError).
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
    /// Its status, in lower case.
    pub status: AccountStatus,
    /// StackOne's reasons for the status; empty where it gives none.
    pub status_reasons: Vec<StatusReason>,
    /// What is told to subscribers.
    pub snapshot: AccountSnapshot,
}

/// Whether the body of a 404 is StackOne's own, `{"statusCode": 404, "message": …}`, which alone
/// says that there is no such account: behind a wrong base URL something else answers 404.
///
/// What the message says is not looked at.
#[must_use]
pub fn says_not_found(body: &[u8]) -> bool {
    let Some(error) = JsonObject::parse(body) else {
        return false;
    };
    // A message alone is how many gateways answer.
    let has_message = error
        .members()
        .any(|(name, value)| name == "message" && value.get().starts_with('"'));
    has_message && error.read::<u16>("statusCode") == Some(404)
}
