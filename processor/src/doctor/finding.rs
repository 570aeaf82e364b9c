//! What the doctor has to say about one thing.

use serde::Serialize;

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Check {
    Configuration,
    Broker,
    Topics,
    Access,
    State,
    Group,
    Api,
    Clock,
}

impl Check {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Broker => "broker",
            Self::Topics => "topics",
            Self::Access => "access",
            Self::State => "state",
            Self::Group => "group",
            Self::Api => "api",
            Self::Clock => "clock",
        }
    }
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// As it must be.
    Fine,
    /// It could not be looked at, or cannot be without changing something. Nothing is known to be wrong.
    Unknown,
    /// Not as it must be.
    Wrong,
}

impl Verdict {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Unknown => "unknown",
            Self::Wrong => "WRONG",
        }
    }
}

/// One line of the doctor's, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) check: Check,
    pub(super) verdict: Verdict,
    /// What was seen.
    pub(super) says: String,
    /// What to do, where there is something to do.
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<String>,
}

impl Finding {
    pub(super) fn fine(check: Check, says: impl Into<String>) -> Self {
        Self::of(check, Verdict::Fine, says.into(), None)
    }

    pub(super) fn unknown(check: Check, says: impl Into<String>) -> Self {
        Self::of(check, Verdict::Unknown, says.into(), None)
    }

    pub(super) fn wrong(check: Check, says: impl Into<String>, advice: impl Into<String>) -> Self {
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

    pub(super) fn advising(self, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..self
        }
    }

    pub(super) fn is_wrong(&self) -> bool {
        self.verdict == Verdict::Wrong
    }
}
