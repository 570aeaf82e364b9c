//! Lists of accounts: a bare array (StackOne `OpenAPI`), or `{"data": […]}` (a page of its documentation).

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use stackone_link_schemas::AccountStatus;

use crate::PersonalFields;
use crate::account::{Wire, lenient_date};
use crate::{Account, ApiError};

/// A page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListPage {
    /// Its accounts.
    pub listed: Vec<Listed>,
    /// Entries whose id cannot be read.
    pub nameless: usize,
}

/// An account as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Listed {
    /// Its id, as it came.
    pub id: String,
    /// Its status, where it can be read.
    #[serde(default, deserialize_with = "lenient_status")]
    pub status: Option<AccountStatus>,
    /// When StackOne last changed it.
    #[serde(default, deserialize_with = "lenient_date")]
    pub updated_at: Option<Timestamp>,
}

fn lenient_status<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<AccountStatus>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_str().map(AccountStatus::from))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Page<T> {
    Bare(Vec<T>),
    Wrapped { data: Vec<T> },
}

/// A page of all accounts. One odd entry spoils none of the others, or no list would ever be read to its end while there
/// is one.
///
/// # Errors
///
/// [`ApiError::Unreadable`] where it is no list.
pub fn parse_list(body: &[u8]) -> Result<ListPage, ApiError> {
    let entries: Vec<serde_json::Value> = entries(body)?;
    let count = entries.len();
    let listed: Vec<Listed> = entries
        .into_iter()
        .filter_map(|entry| serde_json::from_value(entry).ok())
        .collect();
    Ok(ListPage {
        nameless: count - listed.len(),
        listed,
    })
}

/// The accounts of a page. Only an entry's own lookup can tell what is wrong with it, so one that is no account is left
/// out and spoils none of the others.
///
/// # Errors
///
/// [`ApiError::Unreadable`] where it is no list.
pub fn parse_accounts(
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
