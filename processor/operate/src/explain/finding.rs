//! What there is to say about one thing. Pure.

use serde::Serialize;

/// What it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The account: where it is, in one sentence.
    Account,
    /// What was confirmed of it.
    State,
    /// What is not decided yet.
    Pending,
    /// Its records on the account events topic.
    Triggers,
    /// Its dead letters.
    DeadLetters,
    /// Webhooks that name it and are of no use.
    Unrecognized,
    /// Complete lists of a resync.
    Lists,
    /// What StackOne answers now.
    Stackone,
}

impl About {
    /// As it is printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::State => "state",
            Self::Pending => "pending",
            Self::Triggers => "triggers",
            Self::DeadLetters => "dead letters",
            Self::Unrecognized => "unrecognized",
            Self::Lists => "lists",
            Self::Stackone => "stackone",
        }
    }
}

/// Whether it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It was.
    Found,
    /// It was looked for, and is not there.
    NotFound,
    /// Some of it is older than the newest records that may be read.
    Limited,
    /// It could not be looked at.
    NotLookedAt,
}

impl Kind {
    /// As it is printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::NotFound => "NOT FOUND",
            Self::Limited => "LIMIT",
            Self::NotLookedAt => "NOT SEEN",
        }
    }
}

/// One line, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountFinding {
    /// What it is about.
    pub about: About,
    /// Whether it was found.
    pub kind: Kind,
    /// What there is to say.
    pub says: String,
    /// What to do, where there is something to do.
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl AccountFinding {
    pub(super) fn found(about: About, says: impl Into<String>) -> Self {
        Self::of(about, Kind::Found, says.into())
    }

    pub(super) fn not_found(about: About, says: impl Into<String>) -> Self {
        Self::of(about, Kind::NotFound, says.into())
    }

    pub(super) fn limited(about: About, says: impl Into<String>) -> Self {
        Self::of(about, Kind::Limited, says.into())
    }

    pub(super) fn not_looked_at(about: About, says: impl Into<String>) -> Self {
        Self::of(about, Kind::NotLookedAt, says.into())
    }

    fn of(about: About, kind: Kind, says: String) -> Self {
        Self {
            about,
            kind,
            says,
            advice: None,
        }
    }

    pub(super) fn advising(self, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..self
        }
    }
}
