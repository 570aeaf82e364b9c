//! Lists of accounts: a bare array (StackOne `OpenAPI`), or `{"data": […]}` (a page of its documentation).

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use stackone_link_schemas::AccountStatus;

use crate::PersonalFields;
use crate::accounts::{Wire, lenient_date};
use crate::{Account, ApiError};

/// An account as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Listed {
    /// Its id, as it came.
    pub id: String,
    /// Its status.
    pub status: AccountStatus,
    /// When StackOne last changed it.
    #[serde(default, deserialize_with = "lenient_date")]
    pub updated_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Page<T> {
    Bare(Vec<T>),
    Wrapped { data: Vec<T> },
}

pub(crate) fn listing(body: &[u8]) -> Result<Vec<Listed>, ApiError> {
    entries(body)
}

/// The accounts of a page. Only an entry's own lookup can tell what is wrong with it, so one that is no account is left
/// out and spoils none of the others.
pub(crate) fn accounts(
    body: &[u8],
    personal: PersonalFields,
) -> Result<Vec<(String, Account)>, ApiError> {
    let entries: Vec<serde_json::Value> = entries(body)?;
    let account = |entry| {
        let wire: Wire = serde_json::from_value(entry).ok()?;
        let id = wire.id().to_owned();
        Some((id, wire.into_account(personal)))
    };
    Ok(entries.into_iter().filter_map(account).collect())
}

fn entries<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<T>, ApiError> {
    let page: Page<T> = serde_json::from_slice(body).map_err(|error| {
        ApiError::unreadable(format!(
            "not a list of accounts: {:?} error",
            error.classify()
        ))
    })?;
    Ok(match page {
        Page::Bare(entries) | Page::Wrapped { data: entries } => entries,
    })
}
