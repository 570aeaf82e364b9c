//! What the accounts API says about an account, and why.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the accounts API says about an account. The documented values have names; StackOne's enum
/// is open, and so is this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum AccountStatus {
    /// Usable.
    Active,
    /// Not in use.
    Inactive,
    /// Disabled in StackOne.
    Suspended,
    /// Archived.
    Archived,
    /// The token can no longer be refreshed.
    Expired,
    /// The credentials or the provider's calls fail.
    Error,
    /// A value that is not documented.
    Other(String),
}

impl AccountStatus {
    /// The value in JSON.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Suspended => "suspended",
            Self::Archived => "archived",
            Self::Expired => "expired",
            Self::Error => "error",
            Self::Other(value) => value,
        }
    }
}

impl From<String> for AccountStatus {
    fn from(value: String) -> Self {
        match value.as_str() {
            "active" => Self::Active,
            "inactive" => Self::Inactive,
            "suspended" => Self::Suspended,
            "archived" => Self::Archived,
            "expired" => Self::Expired,
            "error" => Self::Error,
            _ => Self::Other(value),
        }
    }
}

impl From<AccountStatus> for String {
    fn from(status: AccountStatus) -> Self {
        status.as_str().to_owned()
    }
}

impl fmt::Display for AccountStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Why an account has its status; the API adds the moment of the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusReason {
    /// A code; StackOne publishes no catalogue of them.
    #[serde(default)]
    pub code: Option<String>,
    /// A sentence for people.
    #[serde(default)]
    pub description: Option<String>,
}

impl StatusReason {
    /// A reason with both parts.
    #[must_use]
    pub fn new(code: &str, description: &str) -> Self {
        Self {
            code: Some(code.to_owned()),
            description: Some(description.to_owned()),
        }
    }
}
