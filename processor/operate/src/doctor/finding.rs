//! The result of one check of the doctor.

use serde::Serialize;

/// The subjects of checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The settings.
    Configuration,
    /// The brokers: whether any answers.
    Broker,
    /// The topics and their settings.
    Topics,
    /// The rights to read.
    Access,
    /// The records of the state topic.
    State,
    /// The consumer group.
    Group,
    /// Pending accounts and held unlinks that wait for too long.
    Work,
    /// The records of the dead-letter topic.
    DeadLetters,
    /// When each project was last listed.
    Resync,
    /// The API key of each project.
    Api,
    /// This machine's clock against StackOne's.
    Clock,
}

impl Check {
    /// Returns the word for output.
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

/// The verdicts on a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything is as it must be.
    Fine,
    /// The check was not possible, or not without a change. Nothing is known to be wrong.
    Unknown,
    /// Everything works, with a consequence that an operator should know.
    Note,
    /// Something is wrong.
    Wrong,
}

impl Verdict {
    /// Returns the word for output.
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

/// The result of one check, with advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The subject of the check.
    pub check: Check,
    /// The verdict on it.
    pub verdict: Verdict,
    /// What was observed, in one line.
    pub says: String,
    /// What to do, where there is something to do.
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Finding {
    /// Makes a finding with the verdict `fine`.
    #[must_use]
    pub fn fine(check: Check, says: impl Into<String>) -> Self {
        Self::of(check, Verdict::Fine, says.into(), None)
    }

    /// Makes a finding with the verdict `unknown`.
    #[must_use]
    pub fn unknown(check: Check, says: impl Into<String>) -> Self {
        Self::of(check, Verdict::Unknown, says.into(), None)
    }

    /// Makes a finding with the verdict `note`.
    #[must_use]
    pub fn note(check: Check, says: impl Into<String>) -> Self {
        Self::of(check, Verdict::Note, says.into(), None)
    }

    /// Makes a finding with the verdict `wrong`, and advice.
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

    /// Returns the finding with this advice.
    #[must_use]
    pub fn advising(self, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..self
        }
    }

    /// Whether the verdict is `wrong`.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        self.verdict == Verdict::Wrong
    }
}
