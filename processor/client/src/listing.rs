//! Lists of accounts: a bare array (StackOne `OpenAPI`), or `{"data": […]}` (a page of its documentation).

use jiff::Timestamp;
use serde::Deserialize;
use stackone_link_schemas::AccountStatus;

use crate::ApiError;
use crate::accounts::lenient_date;

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
enum Page {
    Bare(Vec<Listed>),
    Wrapped { data: Vec<Listed> },
}

pub(crate) fn listing(body: &[u8]) -> Result<Vec<Listed>, ApiError> {
    let page: Page = serde_json::from_slice(body).map_err(|error| {
        ApiError::unreadable(format!(
            "not a list of accounts: {:?} error",
            error.classify()
        ))
    })?;
    Ok(match page {
        Page::Bare(accounts) | Page::Wrapped { data: accounts } => accounts,
    })
}
