//! What metrics are labelled with.

use strum::{EnumIter, IntoStaticStr};

/// What StackOne is asked for.
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

/// What became of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum LookOutcome {
    /// Asked for.
    Published,
    /// It could not be asked for; tried again.
    NotPublished,
    /// The session was verified by it, and not by a webhook before it.
    Verified,
    /// It found that nothing was saved, or that the provider still refuses.
    Failed,
    /// The account is not there.
    NotFound,
}

/// Something worth counting that is no refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Notable {
    /// A page named an account of another tenant.
    ForeignHint,
    /// Several accounts or sessions fit.
    Ambiguous,
}
