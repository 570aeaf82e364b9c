//! The values of labels.

use strum::{EnumIter, IntoStaticStr};

/// A request to StackOne.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Operation {
    CreateConnectSession,
    DeleteAccount,
}

impl Operation {
    pub(crate) fn label(self) -> &'static str {
        self.into()
    }
}

/// The result of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum LookOutcome {
    /// The look was written to Kafka.
    Published,
    /// The look could not be written, and is tried again.
    NotPublished,
    /// The session was verified by the look, and not by a webhook before it.
    Verified,
    /// The look found that nothing was saved, or that the provider still refuses.
    Failed,
    /// The look found no account.
    NotFound,
}

/// An event that is counted although nothing was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Notable {
    /// A page named an account of another tenant.
    ForeignHint,
    /// Several accounts or several sessions fit.
    Ambiguous,
    /// A session was cancelled, and an account that it has led to has come all the same.
    AfterCancel,
}
