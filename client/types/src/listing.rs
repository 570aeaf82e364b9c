//! Lists of accounts: a bare array (StackOne `OpenAPI`), or `{"data": […]}` (a page of its
//! documentation).

use jiff::Timestamp;
use serde_json::value::RawValue;
use stackone_link_schemas::AccountStatus;
use stackone_link_schemas::json::{JsonObject, json_array};

use crate::account::{date, read_account, status};
use crate::{Account, ApiError, ApiVersion, Parsed, PersonalFields};

/// A page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListPage {
    /// The accounts of the page.
    pub listed: Vec<Listed>,
    /// Entries whose id cannot be read, as they stand there. They are none of the accounts above.
    pub nameless: Vec<String>,
}

/// An account as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The id, as it came.
    pub id: String,
    /// The status in lower case, where it can be read.
    pub status: Option<AccountStatus>,
    /// When StackOne last changed it.
    pub updated_at: Option<Timestamp>,
}

/// A page of all accounts. One odd entry spoils none of the others, or no list would ever be read
/// to its end while there is one.
///
/// # Errors
///
/// [`ApiError::Unreadable`] where it is no list.
pub fn parse_list(body: &[u8]) -> Result<ListPage, ApiError> {
    let mut page = ListPage::default();
    for entry in entries(body)? {
        match listed(entry) {
            Some(account) => page.listed.push(account),
            None => page.nameless.push(entry.get().to_owned()),
        }
    }
    Ok(page)
}

/// The accounts of a page. Only an entry's own lookup can tell what is wrong with it, so one that
/// is no account is left out and spoils none of the others.
///
/// # Errors
///
/// [`ApiError::Unreadable`] where it is no list.
pub fn parse_accounts(
    body: &[u8],
    version: ApiVersion,
    personal: PersonalFields,
) -> Result<Parsed<Vec<(String, Account)>>, ApiError> {
    let (mut accounts, mut differing) = (Vec::new(), None);
    for members in entries(body)?.into_iter().filter_map(JsonObject::of) {
        let Some(id) = members.text("id") else {
            continue;
        };
        if let Ok(account) = read_account(&members, version, personal) {
            differing = differing.or(account.differing);
            accounts.push((id.into_owned(), account.value));
        }
    }
    Ok(Parsed {
        value: accounts,
        differing,
    })
}

fn listed(entry: &RawValue) -> Option<Listed> {
    let members = JsonObject::of(entry)?;
    Some(Listed {
        id: members.text("id")?.into_owned(),
        status: status(&members),
        updated_at: date(&members, "updated_at"),
    })
}

/// The entries of a list, each as it stands there.
fn entries(body: &[u8]) -> Result<Vec<&RawValue>, ApiError> {
    let wrapped = || json_array(JsonObject::parse(body)?.get("data")?.get().as_bytes());
    json_array(body)
        .or_else(wrapped)
        .ok_or_else(|| ApiError::unreadable("not a list of accounts"))
}
