//! Which account a session has led to, by nothing but what the processor confirmed.

use jiff::Timestamp;
use stackone_link_schemas::{AccountId, AccountPhase, LinkOutcome, LinkReason, LinkSessionSettled};

use super::fold::{Session, SessionState};
use super::standing::{Owner, Seen, Standing};
use super::tenant::TenantState;
use crate::account::Account;

impl TenantState {
    /// Where a session stands, given what else was seen.
    pub(crate) fn state(
        &self,
        session: &Session,
        seen: &Seen,
        now: Timestamp,
    ) -> (SessionState, Standing) {
        let standing = self.standing(session, seen, now);
        (session.state(&standing, now), standing)
    }

    /// Whether a session for a new account was cancelled and a token of it has led to one, which no
    /// other open session may have done.
    pub(crate) fn came_after_cancel(&self, session: &Session, now: Timestamp) -> bool {
        session.is_cancelled()
            && !session.is_relink()
            && now < session.ends_at()
            && self.sessions().iter().all(|other| other.is_over(now))
            && self
                .candidates(session)
                .any(|account| session.fits(account))
    }

    fn standing(&self, session: &Session, seen: &Seen, now: Timestamp) -> Standing {
        let standing = match &session.created.account_id {
            Some(account) => self.of_relink(session, account, seen),
            None => self.of_create(session, seen, now),
        };
        let is_failure = matches!(&standing, Standing::Settled(settled)
            if settled.outcome == LinkOutcome::Failed);
        // A session that failed waits for nothing but its account to be verified.
        match is_failure && session.has_failed() {
            true => Standing::Waiting,
            false => standing,
        }
    }

    fn of_relink(&self, session: &Session, id: &AccountId, seen: &Seen) -> Standing {
        let Some(account) = self.account(id) else {
            return match (seen.owner, seen.is_missing) {
                (Owner::Gone, _) => failed(id, None, LinkReason::AccountGone),
                (Owner::Nobody | Owner::Ours | Owner::Another, true) => {
                    failed(id, None, LinkReason::NotFound)
                }
                (Owner::Nobody | Owner::Ours | Owner::Another, false) => Standing::Waiting,
            };
        };
        if account.phase == AccountPhase::Unlinked {
            return failed(id, Some(account.version), LinkReason::AccountGone);
        }
        if session.before.is_none() {
            let since = session.created.account_version.unwrap_or(0);
            return match account.is_active() && account.version > since {
                true => Standing::Recovered,
                false => Standing::Waiting,
            };
        }
        if account.is_active() && session.has_moved(account) {
            return verified(account);
        }
        match &session.hint {
            Some(_) if seen.is_looked_at => unchanged(account),
            Some(_) => Standing::Linked(id.clone()),
            None => Standing::Waiting,
        }
    }

    fn of_create(&self, session: &Session, seen: &Seen, now: Timestamp) -> Standing {
        let hint = session
            .hint
            .as_ref()
            .filter(|_| seen.owner != Owner::Another);
        if let Some(hint) = hint {
            return self.of_hint(session, &hint.account_id, seen);
        }
        if session.before.is_none() {
            return Standing::Waiting;
        }
        let candidates = self.candidates(session);
        let free = candidates.filter(|one| !self.is_hinted_by_another(session, one, now));
        let candidates: Vec<&Account> = free.collect();
        let mut labelled = candidates.iter().filter(|one| session.has_label_of(one));
        if let (Some(account), None) = (labelled.next(), labelled.next()) {
            return self.of_candidate(account, Session::has_label_of, now);
        }
        let mut fitting = candidates.iter().filter(|one| session.fits(one));
        match (fitting.next(), fitting.next()) {
            (None, _) => Standing::Waiting,
            (Some(account), None) => self.of_candidate(account, Session::fits, now),
            (Some(_), Some(_)) => Standing::Ambiguous(None),
        }
    }

    /// The conclusion of a session from the one account that it fits, which it has unless another
    /// open session fits, too.
    fn of_candidate(
        &self,
        account: &Account,
        fits: fn(&Session, &Account) -> bool,
        now: Timestamp,
    ) -> Standing {
        let is_only = self.fits_one_session(account, fits, now);
        match (is_only, account.is_active()) {
            (false, _) => Standing::Ambiguous(Some(account.id.clone())),
            (true, true) => verified(account),
            (true, false) => Standing::Linked(account.id.clone()),
        }
    }

    fn of_hint(&self, session: &Session, id: &AccountId, seen: &Seen) -> Standing {
        let Some(account) = self.account(id) else {
            return match seen.is_missing {
                true => failed(id, None, LinkReason::NotFound),
                false => Standing::Linked(id.clone()),
            };
        };
        let is_free = !self.is_claimed(session.id, id);
        if account.is_active() && session.has_moved(account) && is_free {
            return verified(account);
        }
        match seen.is_looked_at && is_free {
            true => unchanged(account),
            false => Standing::Linked(id.clone()),
        }
    }

    /// The accounts that may be what a session led to.
    fn candidates<'a>(&'a self, session: &'a Session) -> impl Iterator<Item = &'a Account> {
        self.accounts().filter(|account| {
            account.is_listed()
                && session.has_moved(account)
                && !self.is_claimed(session.id, &account.id)
        })
    }

    /// Whether exactly one open session could have led to the account.
    fn fits_one_session(
        &self,
        account: &Account,
        fits: fn(&Session, &Account) -> bool,
        now: Timestamp,
    ) -> bool {
        let open = self.sessions().iter().filter(|session| {
            !session.is_relink()
                && !session.is_over(now)
                && fits(session, account)
                && session.has_moved(account)
        });
        // Of many that are open together, two are enough to know.
        open.take(2).count() == 1
    }

    fn is_hinted_by_another(&self, session: &Session, account: &Account, now: Timestamp) -> bool {
        self.sessions().iter().any(|other| {
            let hint = other.hint.as_ref();
            let is_named = hint.is_some_and(|hint| hint.account_id == account.id);
            other.id != session.id && is_named && !other.is_over(now)
        })
    }
}

impl Session {
    /// Whether the account has the label that was asked for.
    fn has_label_of(&self, account: &Account) -> bool {
        let label = self.created.label.as_deref();
        label.is_some() && label == account.label()
    }

    /// Whether the account is of the provider that was asked for.
    fn fits(&self, account: &Account) -> bool {
        let provider = self.created.provider.as_deref();
        provider.is_none() || provider == account.provider()
    }
}

/// The verdict of a look that found nothing new.
fn unchanged(account: &Account) -> Standing {
    let reason = match account.phase {
        AccountPhase::Active => LinkReason::NothingSaved,
        AccountPhase::Unlinked => LinkReason::AccountGone,
        AccountPhase::None | AccountPhase::Degraded | AccountPhase::Failed => {
            LinkReason::StillRefused
        }
    };
    failed(&account.id, Some(account.version), reason)
}

fn verified(account: &Account) -> Standing {
    Standing::Settled(LinkSessionSettled {
        outcome: LinkOutcome::Verified,
        account_id: account.id.clone(),
        version: Some(account.version),
        reasons: Vec::new(),
    })
}

fn failed(id: &AccountId, version: Option<u64>, reason: LinkReason) -> Standing {
    Standing::Settled(LinkSessionSettled {
        outcome: LinkOutcome::Failed,
        account_id: id.clone(),
        version,
        reasons: vec![reason],
    })
}
