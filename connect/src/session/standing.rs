//! The knowledge about a session beyond its facts, and the conclusion from it.

use stackone_link_schemas::{AccountId, LinkSessionSettled};

/// The tenant that an account belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The account was never seen.
    #[default]
    Nobody,
    /// The account is the session's tenant's.
    Ours,
    /// The account is another tenant's.
    Another,
    /// The account was unlinked, and its tenant is no longer known.
    Gone,
}

/// Further knowledge about the account that a session names, by its re-link or by its page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The tenant that the account belongs to.
    pub(crate) owner: Owner,
    /// Whether the processor looked at the account after the page named it, and its state was read.
    pub(crate) is_looked_at: bool,
    /// Whether the processor looked for the account after the page named it, and the account does
    /// not exist.
    pub(crate) is_missing: bool,
}

/// The conclusion from the accounts about a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing is known yet.
    Waiting,
    /// The account that is to be linked again works again without that.
    Recovered,
    /// StackOne has this account, which is not confirmed active.
    Linked(AccountId),
    /// Several accounts or several sessions fit: of several sessions with the one account.
    Ambiguous(Option<AccountId>),
    /// The session has this end, unless its facts contradict.
    Settled(LinkSessionSettled),
}
