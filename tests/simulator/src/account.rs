//! An account as StackOne knows it.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::account_status::{AccountStatus, StatusReason};
use crate::notify::Notify;

/// An account id. StackOne's are opaque: 21 characters, long decimal numbers and short ones have
/// been seen, so the simulator takes any text, odd characters included.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(String);

impl AccountId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A new id in the shape that the webhook documentation shows: 21 characters of `A-Z a-z 0-9 _
    /// -`.
    pub fn generate(random: &mut fastrand::Rng) -> Self {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
        Self(
            (0..21)
                .map(|_| char::from(ALPHABET[random.usize(..ALPHABET.len())]))
                .collect(),
        )
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl AsRef<str> for AccountId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for AccountId {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

/// An account to be linked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewAccount {
    /// The project it belongs to; where absent, the first that is configured.
    pub project_id: Option<String>,
    /// Its id; where absent, a new one. The id of an account that was unlinked may be used again.
    pub id: Option<AccountId>,
    /// The connector's key.
    pub provider: String,
    /// The connector's name.
    pub provider_name: Option<String>,
    /// The customer's tenant.
    pub origin_owner_id: String,
    /// The tenant's name.
    pub origin_owner_name: String,
    /// The person who linked it.
    pub origin_username: Option<String>,
    /// Free form.
    pub setup_information: Option<Map<String, Value>>,
    /// A label.
    pub label: Option<String>,
    /// `production` or `test`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its status at first.
    pub status: AccountStatus,
    /// The API shows the account as active only when this time has passed, in silence, and until
    /// then with `status` (or, if that is `active`, as inactive).
    #[serde(rename = "activates_after_ms", with = "crate::milliseconds::option")]
    pub activates_after: Option<Duration>,
    /// What becomes of `account.created`.
    pub notify: Notify,
}

impl Default for NewAccount {
    fn default() -> Self {
        Self {
            project_id: None,
            id: None,
            provider: "bamboohr".to_owned(),
            provider_name: None,
            origin_owner_id: "tenant-1".to_owned(),
            origin_owner_name: "Acme Manufacturing Ltd".to_owned(),
            origin_username: None,
            setup_information: None,
            label: None,
            kind: Some("production".to_owned()),
            status: AccountStatus::Active,
            activates_after: None,
            notify: Notify::Send,
        }
    }
}

impl NewAccount {
    /// An account of `provider` for the tenant `origin_owner_id`, active at once, announced by a
    /// webhook.
    #[must_use]
    pub fn new(provider: &str, origin_owner_id: &str, origin_owner_name: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            origin_owner_id: origin_owner_id.to_owned(),
            origin_owner_name: origin_owner_name.to_owned(),
            ..Self::default()
        }
    }
}

/// An account that was linked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its project: only that project's API key sees it.
    pub project_id: String,
    /// The connector's key.
    pub provider: String,
    /// The connector's name.
    pub provider_name: Option<String>,
    /// What the API says about it now.
    pub status: AccountStatus,
    /// Why.
    pub status_reasons: Vec<StatusReason>,
    /// When the status last changed.
    pub status_changed_at: Timestamp,
    /// The customer's tenant.
    pub origin_owner_id: String,
    /// The tenant's name.
    pub origin_owner_name: String,
    /// The person who linked it.
    pub origin_username: Option<String>,
    /// Free form.
    pub setup_information: Option<Map<String, Value>>,
    /// A label.
    pub label: Option<String>,
    /// `production` or `test`.
    pub kind: Option<String>,
    /// When it was linked.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it will become active by itself.
    pub activates_at: Option<Timestamp>,
    /// It was unlinked: the API answers 404.
    pub unlinked: bool,
}
