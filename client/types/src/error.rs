//! Why the API gave no answer that can be used, by what the caller will do.

use std::error::Error;
use std::time::Duration;

/// A request that told nothing about the account.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// 401 or 403: the key is refused. The caller asks nothing more for this project until a probe
    /// succeeds.
    #[error("API key refused with status {status}")]
    Refused {
        /// The HTTP status: 401 or 403.
        status: u16,
    },
    /// 429: the project's budget is used up. The caller sends nothing more for it until the time is
    /// up.
    #[error("rate limited")]
    RateLimited {
        /// The wait that `Retry-After` asks for, without a bound; absent where it is absent or
        /// unreadable.
        retry_after: Option<Duration>,
    },
    /// 408, 5xx, a redirect, a 404 that is not StackOne's, a timeout or a failed connection. The
    /// caller asks again later.
    #[error("unavailable: {reason}")]
    Unavailable {
        /// One word or status for logs.
        reason: String,
        /// The wait that `Retry-After` asks for, without a bound.
        retry_after: Option<Duration>,
        /// The transport's error, where there was no answer at all.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// Any other 4xx. Asking again seldom helps, so the caller puts the work aside.
    #[error("rejected with status {status}")]
    Rejected {
        /// The HTTP status.
        status: u16,
    },
    /// A 200 that is not the account that was asked for.
    #[error("unreadable answer: {reason}")]
    Unreadable {
        /// The fault of the answer, without any of its data.
        reason: String,
    },
}

impl ApiError {
    /// The error as a metric label and log field.
    #[must_use]
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable { .. } => "unavailable",
            Self::Rejected { .. } => "rejected",
            Self::Unreadable { .. } => "unreadable",
        }
    }

    /// An answer that came and says nothing usable.
    #[must_use]
    pub fn unreadable(reason: impl Into<String>) -> Self {
        Self::Unreadable {
            reason: reason.into(),
        }
    }

    /// Nothing usable came, but may come later: a status, or a word for logs, is the `reason`.
    #[must_use]
    pub fn unavailable(reason: impl Into<String>, retry_after: Option<Duration>) -> Self {
        Self::Unavailable {
            reason: reason.into(),
            retry_after,
            source: None,
        }
    }
}
