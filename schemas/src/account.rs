//! An account as StackOne describes it.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::open_enum::open_enum;

/// StackOne's id of a linked account: opaque, 1–128 characters of `[A-Za-z0-9_-]`.
///
/// Ids seen are 21-character nanoids and decimal strings beyond 2^53 (StackOne webhook docs), so it
/// is never a number. The character set keeps it harmless in a URL path and in a log line.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend(
    "pattern" = "^[A-Za-z0-9_-]{1,128}$",
    "examples" = ["GnQoASvosYhE5wJcmmAQs", "45355976281015164504"],
))]
pub struct AccountId(Box<str>);

/// The text is not 1–128 characters of `[A-Za-z0-9_-]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("account id is not 1 to 128 characters of [A-Za-z0-9_-]")]
pub struct InvalidAccountId;

impl AccountId {
    /// Longest account id that is accepted, in bytes.
    pub const MAX_LEN: usize = 128;

    /// Returns whether `text` is a valid account id.
    #[must_use]
    pub fn is_valid(text: &str) -> bool {
        (1..=Self::MAX_LEN).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AccountId {
    type Error = InvalidAccountId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if Self::is_valid(&text) {
            Ok(Self(text.into_boxed_str()))
        } else {
            Err(InvalidAccountId)
        }
    }
}

impl TryFrom<&str> for AccountId {
    type Error = InvalidAccountId;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        Self::try_from(text.to_owned())
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.0.into()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

open_enum! {
    /// What the accounts API says of an account (StackOne `OpenAPI`, `LinkedAccount.status`).
    pub enum AccountStatus {
        /// Usable. The only value that counts as *active*.
        Active = "active",
        /// No description found in StackOne's documents.
        Inactive = "inactive",
        /// Disabled in StackOne.
        Suspended = "suspended",
        /// No description found in StackOne's documents.
        Archived = "archived",
        /// The provider's token cannot be refreshed; the customer has to link again.
        Expired = "expired",
        /// The credentials are refused or calls to the provider fail.
        Error = "error",
    }
}

open_enum! {
    /// Whether an account holds real data (StackOne `OpenAPI`, `LinkedAccount.type`).
    pub enum AccountType {
        /// Real data of a customer.
        Production = "production",
        /// A sandbox account.
        Test = "test",
    }
}

/// Why an account has its status (StackOne `OpenAPI`, `StatusReason`). No catalogue of codes is
/// published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusReason {
    /// When it happened. StackOne always sends it; a date that cannot be read is left out.
    /// From `StatusReason.timestamp`.
    ///
    /// Example: `"2026-03-06T02:00:10.5Z"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// A code, for instance `"401"`.
    /// From `StatusReason.code`.
    ///
    /// Example: `"401"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// A sentence for a person.
    /// From `StatusReason.description`.
    ///
    /// Example: `"Provider rejected the stored credentials"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// An account as the accounts API shows it, without its credentials.
///
/// Fields are those of `LinkedAccount` in StackOne's accounts API v1. Version 2's `connector` and
/// `owner_id` are mapped to `provider` and `origin_owner_id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountSnapshot {
    /// Key of the connector, for instance `bamboohr`.
    /// From `LinkedAccount.provider`; version 2: `connector`.
    ///
    /// Example: `"bamboohr"`
    pub provider: String,
    /// Name of the provider for people, for instance `BambooHR`.
    /// From `LinkedAccount.provider_name`.
    ///
    /// Example: `"BambooHR"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_name: Option<String>,
    /// **Your** id of the customer, as it was given when the account was linked.
    /// From `LinkedAccount.origin_owner_id`; version 2: `owner_id`.
    ///
    /// Example: `"tenant_8f41c2"`
    pub origin_owner_id: String,
    /// Name of the customer. Personal data where the customer is a person.
    /// From `LinkedAccount.origin_owner_name`.
    ///
    /// Example: `"Acme Manufacturing Ltd"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_owner_name: Option<String>,
    /// Who linked the account. Personal data; absent where the processor is configured with
    /// `include_origin_username = false`. From `LinkedAccount.origin_username`.
    ///
    /// Example: `"dana@acme.example"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_username: Option<String>,
    /// A label given to the account.
    /// From `LinkedAccount.label`.
    ///
    /// Example: `"HR, main plant"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Production or test.
    /// From `LinkedAccount.type`.
    ///
    /// Example: `"production"`
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub account_type: Option<AccountType>,
    /// When the account was linked.
    /// From `LinkedAccount.created_at`.
    ///
    /// Example: `"2026-03-04T09:12:43.991Z"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When StackOne last changed the account.
    /// From `LinkedAccount.updated_at`.
    ///
    /// Example: `"2026-03-06T02:00:10.5Z"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// Free-form data of the provider, which may hold customer data. Present only when the
    /// processor is configured with `include_setup_information = true`.
    /// From `LinkedAccount.setup_information`.
    ///
    /// Example: `{"domain":"acmemfg"}`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup_information: Option<serde_json::Value>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn account_ids_that_could_break_a_url_path_are_refused() {
        for text in [
            "",
            "a/b",
            "..",
            "a?b",
            "a b",
            "a%2f",
            "ü",
            "a\n",
            &"a".repeat(129),
        ] {
            assert_eq!(AccountId::try_from(text), Err(InvalidAccountId), "{text:?}");
        }
        for text in [
            "GnQoASvosYhE5wJcmmAQs",
            "45355976281015164504",
            "a-_",
            &"a".repeat(128),
        ] {
            assert!(AccountId::try_from(text).is_ok(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_status_survives_a_round_trip_whatever_its_value(text in ".{0,40}") {
            let json = serde_json::to_string(&text).unwrap();
            let status: AccountStatus = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(status.as_str(), &text);
            prop_assert_eq!(serde_json::to_string(&status).unwrap(), json);
        }
    }
}
