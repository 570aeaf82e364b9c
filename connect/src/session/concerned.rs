//! Determines which sessions a record may say something new about, so that no others are woken.

use stackone_link_schemas::AccountId;
use uuid::Uuid;

use super::fold::Session;
use super::tenant::TenantState;

impl TenantState {
    /// Returns the sessions whose state may differ after a fact of the session `of`: that session,
    /// and others that could have led to the account that it claims, names or releases.
    pub(crate) fn concerned_by_fact(&self, of: Uuid) -> Vec<Uuid> {
        self.ids_of(|session| session.id == of || self.has_candidate(session))
    }

    /// Returns the sessions whose state may differ after a record of an account, or after its
    /// removal.
    pub(crate) fn concerned_by_account(&self, id: &AccountId) -> Vec<Uuid> {
        self.ids_of(|session| match &session.created.account_id {
            Some(account) => account == id,
            None => session.before.is_some(),
        })
    }

    /// Returns whether an account exists that the session may lead to, or its page has named one.
    /// Until then a session for a new account waits, whatever other sessions do; a session that
    /// links an account again always has one.
    fn has_candidate(&self, session: &Session) -> bool {
        let mut accounts = self.accounts();
        !session.is_relink()
            && (session.hint.is_some() || accounts.any(|account| session.has_moved(account)))
    }

    fn ids_of(&self, is_concerned: impl Fn(&Session) -> bool) -> Vec<Uuid> {
        let sessions = self.sessions().iter();
        let concerned = sessions.filter(|session| is_concerned(session));
        concerned.map(|session| session.id).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stackone_link_schemas::{AccountPhase, LinkOutcome, LinkSessionChange};

    use super::*;
    use crate::account::Account;
    use crate::session::testing::{account, at, created, hinted, id, settled};
    use crate::session::{Owner, Seen};

    #[derive(Debug, Clone)]
    enum Record {
        Fact(u128, LinkSessionChange),
        Mint(u128),
        Account(Account),
        Gone(AccountId),
    }

    fn change() -> impl Strategy<Value = LinkSessionChange> {
        let account = || prop_oneof![Just("a"), Just("b")];
        let outcome = prop_oneof![Just(LinkOutcome::Verified), Just(LinkOutcome::Failed)];
        let create = |again| LinkSessionChange::Created(Box::new(created(again)));
        prop_oneof![
            Just(create(None)),
            Just(create(Some("a"))),
            Just(LinkSessionChange::Opened),
            Just(LinkSessionChange::Cancelled),
            account().prop_map(hinted),
            (outcome, account(), 1..4u64)
                .prop_map(|(outcome, account, version)| settled(outcome, account, version)),
        ]
    }

    fn record() -> impl Strategy<Value = Record> {
        let phase = prop_oneof![
            Just(AccountPhase::Active),
            Just(AccountPhase::Degraded),
            Just(AccountPhase::Unlinked),
        ];
        let name = || prop_oneof![Just("a"), Just("b")];
        prop_oneof![
            4 => (0..3u128, change()).prop_map(|(session, change)| Record::Fact(session, change)),
            2 => (0..3u128).prop_map(Record::Mint),
            3 => (name(), 1..4u64, phase)
                .prop_map(|(name, version, phase)| Record::Account(account(name, version, phase))),
            1 => name().prop_map(|name| Record::Gone(id(name))),
        ]
    }

    /// Applies a record, and returns the sessions that it concerns.
    fn take(tenant: &mut TenantState, record: Record, seconds: i64) -> Vec<Uuid> {
        match record {
            Record::Fact(session, change) => {
                tenant.fact(session, change, seconds);
                tenant.concerned_by_fact(Uuid::from_u128(session))
            }
            Record::Mint(session) => {
                tenant.mint(session, seconds);
                tenant.concerned_by_fact(Uuid::from_u128(session))
            }
            Record::Account(account) => {
                let id = account.id.clone();
                tenant.put_account(account);
                tenant.concerned_by_account(&id)
            }
            Record::Gone(id) => {
                tenant.remove_account(&id);
                tenant.concerned_by_account(&id)
            }
        }
    }

    proptest! {
        #[test]
        fn a_session_that_a_change_does_not_concern_keeps_its_state(
            records in proptest::collection::vec((record(), 0..900i64), 0..40)
        ) {
            let mut tenant = TenantState::default();
            let mut seconds = 0;
            for (record, later) in records {
                seconds += later;
                let mut after = tenant.clone();
                let concerned = take(&mut after, record.clone(), seconds);
                for is_looked_at in [false, true] {
                    let seen = Seen { owner: Owner::Ours, is_looked_at, is_missing: false };
                    for session in tenant.sessions() {
                        let was = tenant.state(session, &seen, at(seconds));
                        let is = after.session(session.id).unwrap();
                        if was != after.state(is, &seen, at(seconds)) {
                            prop_assert!(concerned.contains(&session.id), "{record:?} of {session:?}");
                        }
                    }
                }
                tenant = after;
            }
        }
    }

    #[test]
    fn a_page_that_waits_is_not_concerned_by_what_others_of_its_tenant_do() {
        let mut tenant = TenantState::default();
        tenant.put_account(account("old", 7, AccountPhase::Active));
        for session in 1..=20 {
            tenant.create(session, None);
            tenant.mint(session, 1);
        }
        let of = Uuid::from_u128(3);
        assert_eq!(tenant.concerned_by_fact(of), [of]);
        tenant.put_account(account("new", 1, AccountPhase::Active));
        assert_eq!(
            tenant.concerned_by_fact(of).len(),
            20,
            "it may be anybody's"
        );
    }
}
