//! All sessions and accounts of one tenant. Its facts have one order, so that every replica decides
//! alike which session an account belongs to.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use stackone_link_schemas::{
    AccountId, LinkOutcome, LinkSessionChange, LinkSessionFact, TokenMinted,
};
use uuid::Uuid;

use super::fold::Session;
use crate::account::Account;

/// Accounts whose versions a `token_minted` carries at most.
const MAX_VERSIONS: usize = 256;
/// How long final sessions are remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// One tenant. Most have a few accounts and no open session.
#[derive(Debug, Default, Clone)]
pub(crate) struct TenantState {
    sessions: Vec<Session>,
    /// By id.
    accounts: Vec<Arc<Account>>,
}

/// What became of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Folded {
    /// It counts.
    Counted,
    /// It came too late, or says again what was said.
    Ignored,
    /// Its session is not known.
    Orphan,
}

impl TenantState {
    /// Takes in a fact that happened `at`.
    pub(crate) fn apply(&mut self, fact: LinkSessionFact, at: Timestamp) -> Folded {
        let id = fact.session_id;
        let change = match (self.position(id), fact.change) {
            (None, LinkSessionChange::Created(created)) => {
                self.sessions.reserve_exact(1);
                self.sessions.push(Session::new(id, *created, at));
                return Folded::Counted;
            }
            (None, _) => return Folded::Orphan,
            (Some(_), change) => change,
        };
        if let LinkSessionChange::Settled(settled) = &change
            && settled.outcome == LinkOutcome::Verified
            && self.is_claimed(id, &settled.account_id)
        {
            return Folded::Ignored;
        }
        let session = self.sessions.iter_mut().find(|session| session.id == id);
        match session.is_some_and(|session| session.apply(change, at)) {
            true => Folded::Counted,
            false => Folded::Ignored,
        }
    }

    /// Whether the account verified another new link that was open beside this session. Each
    /// verifies one.
    pub(super) fn is_claimed(&self, by: Uuid, account: &AccountId) -> bool {
        let Some(session) = self.session(by).filter(|session| !session.is_relink()) else {
            return false;
        };
        self.sessions.iter().any(|other| {
            other
                .settled_beside(session)
                .is_some_and(|settled| settled.account_id == *account)
        })
    }

    /// The versions of the accounts as they are now, for a `token_minted` of this session: where
    /// there are too many, of the one that it links again, and of those that were confirmed last.
    pub(crate) fn versions(&self, session: &Session) -> TokenMinted {
        let confirmed = self.accounts().filter(|account| account.version > 0);
        let mut confirmed: Vec<&Account> = confirmed.collect();
        let relinked = session.created.account_id.as_ref();
        let confirmed_at = |account: &Account| account.confirmed_at.map(Timestamp::from);
        confirmed
            .sort_by_key(|account| Reverse((relinked == Some(&account.id), confirmed_at(account))));
        let (listed, unlisted) = confirmed.split_at(confirmed.len().min(MAX_VERSIONS));
        let versions = listed.iter();
        TokenMinted {
            versions: versions
                .map(|account| (account.id.clone(), account.version))
                .collect(),
            is_partial: !unlisted.is_empty(),
            unlisted_confirmed_at: unlisted.first().and_then(|account| confirmed_at(account)),
        }
    }

    /// Forgets sessions that were final `REMEMBERED` ago; returns their ids. One that verified an
    /// account is kept for as long as a session is open that could take that account for its own.
    pub(crate) fn forget(&mut self, now: Timestamp) -> Vec<Uuid> {
        let since = now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
        let open = self.sessions.iter().filter(|session| !session.is_over(now));
        let open: Vec<&Session> = open.collect();
        let is_old = |session: &&Session| {
            session.is_over(since)
                && session.final_since() < since
                && !open
                    .iter()
                    .any(|open| session.settled_beside(open).is_some())
        };
        let forgotten = self.sessions.iter().filter(is_old);
        let forgotten: HashSet<Uuid> = forgotten.map(|session| session.id).collect();
        self.sessions
            .retain(|session| !forgotten.contains(&session.id));
        forgotten.into_iter().collect()
    }

    /// Puts an account in the place of what was known of it.
    pub(crate) fn put_account(&mut self, account: impl Into<Arc<Account>>) {
        let account = account.into();
        match self.place(&account.id) {
            Ok(place) => self.accounts[place] = account,
            Err(place) => {
                self.accounts.reserve_exact(1);
                self.accounts.insert(place, account);
            }
        }
    }

    /// Forgets an account.
    pub(crate) fn remove_account(&mut self, id: &AccountId) -> Option<Arc<Account>> {
        let place = self.place(id).ok()?;
        Some(self.accounts.remove(place))
    }

    pub(crate) fn account(&self, id: &AccountId) -> Option<&Account> {
        Some(&self.accounts[self.place(id).ok()?])
    }

    /// Its accounts, by id.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter().map(|account| &**account)
    }

    pub(crate) fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    pub(crate) fn session(&self, id: Uuid) -> Option<&Session> {
        self.sessions.get(self.position(id)?)
    }

    /// Whether there is nothing to remember of the tenant.
    pub(crate) fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.accounts.is_empty()
    }

    /// Sessions and tokens since `since`.
    pub(crate) fn used_since(&self, since: Timestamp) -> (usize, usize) {
        let created = self.sessions.iter().filter(|one| one.created_at > since);
        let minted = self.sessions.iter().map(|one| one.minted_since(since));
        (created.count(), minted.sum())
    }

    /// The name that StackOne knows the tenant by: another may make a second account.
    pub(crate) fn name(&self) -> Option<&str> {
        let dated = self.accounts().filter_map(|account| {
            let about = account.about.as_ref()?;
            Some((Timestamp::from(about.created_at?), about.owner_name()?))
        });
        let oldest = dated.min_by_key(|(created_at, _)| *created_at);
        let first = || self.sessions.iter().min_by_key(|one| one.created_at);
        oldest
            .map(|(_, name)| name)
            .or_else(|| Some(first()?.created.tenant_name.as_str()))
    }

    fn position(&self, id: Uuid) -> Option<usize> {
        self.sessions.iter().position(|session| session.id == id)
    }

    fn place(&self, id: &AccountId) -> Result<usize, usize> {
        self.accounts.binary_search_by(|one| one.id.cmp(id))
    }
}
