//! What is known of a session besides its facts, and what follows.

use stackone_link_schemas::{AccountId, LinkSessionSettled};

/// Whose an account is, among all tenants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Owner {
    /// It was never seen.
    #[default]
    Nobody,
    /// The session's tenant.
    Ours,
    /// Another tenant.
    Another,
    /// It was unlinked, and whose it was is not known any more.
    Gone,
}

/// What else is known of the account that a session names: by its re-link, or by its page's hint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Whose it is.
    pub(crate) owner: Owner,
    /// Whether it was looked at after the hint, and what was found is in the state topic.
    pub(crate) is_looked_at: bool,
    /// Whether it was looked for after the hint and is not there.
    pub(crate) is_missing: bool,
}

/// What the accounts say about a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing yet.
    Waiting,
    /// The account that is to be linked again works again without that.
    Recovered,
    /// StackOne has this account; it is not confirmed active.
    Linked(AccountId),
    /// Several accounts, or several sessions, fit.
    Ambiguous,
    /// This is to be written down, unless the facts are against it.
    Settled(LinkSessionSettled),
}
