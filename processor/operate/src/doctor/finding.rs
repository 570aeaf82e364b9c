//! What the doctor has to say about one thing.

use serde::Serialize;

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The settings.
    Configuration,
    /// Whether any broker answers.
    Broker,
    /// The topics and their settings.
    Topics,
    /// What may be read.
    Access,
    /// The records of the state topic.
    State,
    /// The consumer group.
    Group,
    /// What waits, and should not.
    Work,
    /// The records that were put aside.
    DeadLetters,
    /// When each project's accounts were last listed.
    Resync,
    /// The API key of each project.
    Api,
    /// This machine's clock against StackOne's.
    Clock,
}

impl Check {
    /// As it is printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Broker => "broker",
            Self::Topics => "topics",
            Self::Access => "access",
            Self::State => "state",
            Self::Group => "group",
            Self::Work => "work",
            Self::DeadLetters => "dead_letters",
            Self::Resync => "resync",
            Self::Api => "api",
            Self::Clock => "clock",
        }
    }
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it must be.
    Fine,
    /// It could not be looked at, or cannot be without changing something. Nothing is known to be wrong.
    Unknown,
    /// As it may be, and something comes of it that is worth knowing.
    Note,
    /// Not as it must be.
    Wrong,
}

impl Verdict {
    /// As it is printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Unknown => "unknown",
            Self::Note => "note",
            Self::Wrong => "WRONG",
        }
    }
}

/// One line of the doctor's, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// How it is.
    pub verdict: Verdict,
    /// What was seen.
    pub says: String,
    /// What to do, where there is something to do.
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Finding {
    /// As it must be.
    #[must_use]
    pub fn fine(check: Check, says: impl Into<String>) -> Self {
        Self::of(check, Verdict::Fine, says.into(), None)
    }

    /// Not looked at.
    #[must_use]
    pub fn unknown(check: Check, says: impl Into<String>) -> Self {
        Self::of(check, Verdict::Unknown, says.into(), None)
    }

    /// As an operator may choose, but worth knowing.
    #[must_use]
    pub fn note(check: Check, says: impl Into<String>) -> Self {
        Self::of(check, Verdict::Note, says.into(), None)
    }

    /// Not as it must be, with what to do.
    #[must_use]
    pub fn wrong(check: Check, says: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::of(check, Verdict::Wrong, says.into(), Some(advice.into()))
    }

    fn of(check: Check, verdict: Verdict, says: String, advice: Option<String>) -> Self {
        Self {
            check,
            verdict,
            says,
            advice,
        }
    }

    /// The same, with what to do.
    #[must_use]
    pub fn advising(self, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..self
        }
    }

    /// Whether it is not as it must be.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        self.verdict == Verdict::Wrong
    }
}
