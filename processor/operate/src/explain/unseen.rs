//! Why something was not looked at. Pure.

use std::error::Error;

use crate::causes::with_causes;

/// Why something was not looked at, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct NotSeen {
    why: String,
}

impl NotSeen {
    /// Takes an error and its causes, none of them twice.
    #[must_use]
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        let why = with_causes(error);
        Self { why }
    }

    /// Takes the words as they are.
    #[must_use]
    pub fn because(why: impl Into<String>) -> Self {
        Self { why: why.into() }
    }
}
