//! Accounts as the API shows them: v1 `LinkedAccount` (StackOne `OpenAPI`), v2 names mapped to
//! v1's.

mod parse;

use serde::Deserialize;
use stackone_link_schemas::json::JsonObject;
use stackone_link_schemas::{AccountSnapshot, AccountStatus, StatusReason};

pub use parse::{Parsed, parse_account};
pub(crate) use parse::{date, read_account, status};

/// A version of the accounts API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApiVersion {
    /// `GET /accounts/{id}`.
    #[default]
    V1,
    /// `GET /v2/accounts/{id}`, with `connector` and `owner_id`. Its full schema is not published.
    V2,
}

/// The result of a lookup. Both are answers; a request without one fails with an
/// [`ApiError`](crate::ApiError).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The account exists, and this is its present state.
    Found(Box<Account>),
    /// StackOne's own 404: there is no such account for this key.
    NotFound,
}

/// The result of a request to delete an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// StackOne accepted the request.
    Deleted,
    /// StackOne's own 404: there is no such account for this key.
    NotFound,
}

/// An account without its credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The status, in lower case.
    pub status: AccountStatus,
    /// StackOne's reasons for the status; empty where it gives none.
    pub status_reasons: Vec<StatusReason>,
    /// The part that subscribers get.
    pub snapshot: AccountSnapshot,
}

/// Returns whether the body of a 404 is StackOne's own, `{"statusCode": 404, "message": …}`. Only
/// that says that the account does not exist: behind a wrong base URL something else answers 404.
///
/// The text of the message does not matter.
#[must_use]
pub fn says_not_found(body: &[u8]) -> bool {
    let Some(error) = JsonObject::parse(body) else {
        return false;
    };
    // Many gateways answer with a message and no status.
    let has_message = error
        .members()
        .any(|(name, value)| name == "message" && value.get().starts_with('"'));
    has_message && error.read::<u16>("statusCode") == Some(404)
}
