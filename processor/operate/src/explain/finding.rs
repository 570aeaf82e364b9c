//! One finding about an account. Pure.

use serde::Serialize;

/// The subjects of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The account: where it is, in one sentence.
    Account,
    /// Its confirmed state.
    State,
    /// Its undecided work.
    Pending,
    /// Its records on the account events topic.
    Triggers,
    /// Its dead letters.
    DeadLetters,
    /// Unrecognized webhooks that name it.
    Unrecognized,
    /// Complete lists of resyncs.
    Lists,
    /// StackOne's answer now.
    Stackone,
}

impl About {
    /// Returns the word for output.
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

/// Whether the subject was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It was found.
    Found,
    /// It was looked for, and does not exist.
    NotFound,
    /// It may be incomplete: some of it is older than the newest records that may be read.
    Limited,
    /// It could not be looked at.
    NotLookedAt,
}

impl Kind {
    /// Returns the word for output.
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

/// One line, with advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountFinding {
    /// The subject.
    pub about: About,
    /// Whether the subject was found.
    pub kind: Kind,
    /// What was found, in one line.
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
