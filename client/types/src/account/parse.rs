//! The one parser of an account: of a lookup's answer, and of an entry of a list.
//!
//! `credentials` is never read: what is not read cannot leak. What is not read is not judged
//! either.

use jiff::Timestamp;
use serde_json::value::RawValue;
use stackone_link_schemas::json::{JsonObject, json_array, value_lossy};
use stackone_link_schemas::{AccountId, AccountSnapshot, AccountStatus, AccountType, StatusReason};

use super::{Account, ApiVersion};
use crate::{ApiError, PersonalFields};

/// A value that was read, and a warning about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed<T> {
    /// The value.
    pub value: T,
    /// The member of which an account shows two different values, one under the name of each API
    /// version. That of the configured version was taken.
    pub differing: Option<&'static str>,
}

/// Why an entry is no account. Names the members and their JSON types, and none of their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAnAccount {
    #[error("not an account: no JSON object")]
    NotAnObject,
    #[error("not an account: /{name} is {oddity}")]
    Without { name: &'static str, oddity: Oddity },
}

/// The JSON type of a member that has to be a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Oddity {
    #[error("absent")]
    Absent,
    #[error("repeated")]
    Repeated,
    #[error("null")]
    Null,
    #[error("a text with half of a surrogate pair")]
    Cut,
    #[error("an object")]
    Object,
    #[error("an array")]
    Array,
    #[error("a boolean")]
    Boolean,
    #[error("a number")]
    Number,
}

impl Oddity {
    /// Determines the type of a member that cannot be read as a text.
    fn of(account: &JsonObject<'_>, name: &str) -> Self {
        let Some(value) = account.get(name) else {
            return match account.contains(name) {
                true => Self::Repeated,
                false => Self::Absent,
            };
        };
        match value.get().as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b'"') => Self::Cut,
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b't' | b'f') => Self::Boolean,
            Some(_) | None => Self::Number,
        }
    }
}

/// The names of a member in each version of the API.
struct Names {
    v1: &'static str,
    v2: &'static str,
}

const PROVIDER: Names = Names {
    v1: "provider",
    v2: "connector",
};
const OWNER_ID: Names = Names {
    v1: "origin_owner_id",
    v2: "owner_id",
};

/// Reads the answer to a lookup of account `id`.
///
/// # Errors
///
/// [`ApiError::Unreadable`] where it is no account, or another one.
pub fn parse_account(
    body: &[u8],
    id: &AccountId,
    version: ApiVersion,
    personal: PersonalFields,
) -> Result<Parsed<Account>, ApiError> {
    let unreadable = |error: NotAnAccount| ApiError::unreadable(error.to_string());
    let members = JsonObject::parse(body).ok_or_else(|| no_object(body))?;
    let shown = members.text("id");
    let shown = shown.ok_or_else(|| unreadable(without(&members, "id")))?;
    if shown != id.as_str() {
        return Err(ApiError::unreadable("another account's id"));
    }
    read_account(&members, version, personal).map_err(unreadable)
}

/// Reads everything of an account but its id.
pub(crate) fn read_account(
    account: &JsonObject<'_>,
    version: ApiVersion,
    personal: PersonalFields,
) -> Result<Parsed<Account>, NotAnAccount> {
    let provider = either(account, &PROVIDER, version)?;
    let owner_id = either(account, &OWNER_ID, version)?;
    let setup = account
        .get("setup_information")
        .filter(|_| personal.setup_information);
    let username = account
        .text_lossy("origin_username")
        .filter(|_| personal.origin_username);
    // The OpenAPI's examples are in upper case, its enum in lower case.
    let account_type = account.text("type").map(|text| text.to_ascii_lowercase());
    let value = Account {
        status: status(account).ok_or_else(|| without(account, "status"))?,
        status_reasons: account.get("status_reasons").map_or_else(Vec::new, reasons),
        snapshot: AccountSnapshot {
            provider: provider.value,
            provider_name: account.text_lossy("provider_name"),
            origin_owner_id: owner_id.value,
            origin_owner_name: account.text_lossy("origin_owner_name"),
            origin_username: username,
            label: account.text_lossy("label"),
            account_type: account_type.map(|text| AccountType::from(text.as_str())),
            created_at: date(account, "created_at"),
            updated_at: date(account, "updated_at"),
            setup_information: setup.and_then(value_lossy).filter(|value| !value.is_null()),
        },
    };
    Ok(Parsed {
        value,
        differing: provider.differing.or(owner_id.differing),
    })
}

/// A member that each version of the API has under another name, by whichever name it is shown.
fn either(
    account: &JsonObject<'_>,
    names: &Names,
    version: ApiVersion,
) -> Result<Parsed<String>, NotAnAccount> {
    let (configured, other) = match version {
        ApiVersion::V1 => (names.v1, names.v2),
        ApiVersion::V2 => (names.v2, names.v1),
    };
    let (of_configured, of_other) = (account.text(configured), account.text(other));
    let differs = of_configured
        .as_ref()
        .zip(of_other.as_ref())
        .is_some_and(|(one, another)| one != another);
    // Never repaired: subscribers find their own customer by it.
    let value = of_configured.or(of_other).ok_or_else(|| {
        // The one that is there is odd; where neither is, the configured one is missed.
        let is_other = !account.contains(configured) && account.contains(other);
        without(account, if is_other { other } else { configured })
    })?;
    Ok(Parsed {
        value: value.into_owned(),
        differing: differs.then_some(configured),
    })
}

/// Which member is not the text that it has to be, and what it is instead.
fn without(account: &JsonObject<'_>, name: &'static str) -> NotAnAccount {
    let oddity = Oddity::of(account, name);
    NotAnAccount::Without { name, oddity }
}

/// An answer that is no object: where it ceases to be JSON, as far as it does.
fn no_object(body: &[u8]) -> ApiError {
    let what = NotAnAccount::NotAnObject;
    let why = serde_json::from_slice::<serde::de::IgnoredAny>(body);
    ApiError::unreadable(match why {
        // A parser that keeps nothing quotes nothing.
        Err(error) => format!("{what}: {error}"),
        Ok(_) => what.to_string(),
    })
}

/// The status, in lower case whatever it is written in.
pub(crate) fn status(account: &JsonObject<'_>) -> Option<AccountStatus> {
    let text = account.text("status")?.to_ascii_lowercase();
    Some(AccountStatus::from(text.as_str()))
}

/// A date, where it is one.
pub(crate) fn date(object: &JsonObject<'_>, name: &str) -> Option<Timestamp> {
    object.text(name)?.parse().ok()
}

/// Returns those reasons that are objects.
fn reasons(reasons: &RawValue) -> Vec<StatusReason> {
    let reasons = json_array(reasons.get().as_bytes()).unwrap_or_default();
    let reasons = reasons.into_iter().filter_map(JsonObject::of);
    reasons
        .map(|reason| StatusReason {
            timestamp: date(&reason, "timestamp"),
            code: reason.text_lossy("code"),
            description: reason.text_lossy("description"),
        })
        .collect()
}

#[cfg(test)]
mod tests;
