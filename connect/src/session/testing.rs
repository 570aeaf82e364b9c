//! Sessions and accounts for tests.

use jiff::{SignedDuration, Timestamp};
use stackone_link_schemas::{
    AccountId, AccountPhase, AccountStatus, AccountView, LinkChannel, LinkOutcome,
    LinkSessionChange, LinkSessionCreated, LinkSessionFact, LinkSessionSettled, LinkedReported,
};
use uuid::Uuid;

use super::{Folded, TenantState};
use crate::account::{About, Account, Health};

/// So many seconds after the beginning.
pub(crate) fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    start + SignedDuration::from_secs(seconds)
}

pub(crate) fn id(text: &str) -> AccountId {
    AccountId::try_from(text).unwrap()
}

pub(crate) fn account(name: &str, version: u64, phase: AccountPhase) -> Account {
    let status = match phase {
        AccountPhase::Active => AccountStatus::Active,
        AccountPhase::None
        | AccountPhase::Degraded
        | AccountPhase::Failed
        | AccountPhase::Unlinked => AccountStatus::Error,
    };
    Account {
        id: id(name),
        owner: None,
        version,
        phase,
        health: Health::of(phase, Some(&status), false),
        taken_in: None,
        confirmed_at: Some(at(0).into()),
        about: (phase != AccountPhase::Unlinked).then(|| about(None)),
    }
}

fn view() -> AccountView<'static> {
    AccountView {
        provider: "bamboohr".into(),
        provider_name: None,
        origin_owner_id: "t".into(),
        origin_owner_name: None,
        origin_username: None,
        label: None,
        account_type: None,
        created_at: None,
    }
}

/// What StackOne says about an account with this label.
pub(crate) fn about(label: Option<&str>) -> Box<About> {
    let label = label.map(|label| label.to_owned().into());
    let account = AccountView { label, ..view() };
    Box::new(About::of(&account, Vec::new()))
}

/// The same of one whose owner had this name, made at this time.
pub(crate) fn about_of(owner_name: &str, created_at: Timestamp) -> Box<About> {
    let account = AccountView {
        origin_owner_name: Some(owner_name.to_owned().into()),
        created_at: Some(created_at),
        ..view()
    };
    Box::new(About::of(&account, Vec::new()))
}

pub(crate) fn created(account_id: Option<&str>) -> LinkSessionCreated {
    LinkSessionCreated {
        channel: LinkChannel::Hub,
        expires_in: 3600,
        tenant_name: "Acme".to_owned(),
        user_name: None,
        provider: Some("bamboohr".to_owned()),
        categories: Vec::new(),
        account_id: account_id.map(id),
        account_version: account_id.map(|_| 1),
        multiple: false,
        account_type: None,
        connector_profile_id: None,
        label: None,
        return_url: None,
        request_digest: String::new(),
    }
}

pub(crate) fn hinted(account_id: &str) -> LinkSessionChange {
    LinkSessionChange::LinkedReported(LinkedReported {
        account_id: id(account_id),
        provider: None,
    })
}

pub(crate) fn settled(outcome: LinkOutcome, account_id: &str, version: u64) -> LinkSessionChange {
    LinkSessionChange::Settled(LinkSessionSettled {
        outcome,
        account_id: id(account_id),
        version: Some(version),
        reasons: Vec::new(),
    })
}

impl TenantState {
    /// Takes in a fact of the session of this number.
    pub(crate) fn fact(
        &mut self,
        session: u128,
        change: LinkSessionChange,
        seconds: i64,
    ) -> Folded {
        let fact = LinkSessionFact {
            session_id: Uuid::from_u128(session),
            project_id: None,
            tenant_id: "t".to_owned(),
            change,
        };
        self.apply(fact, at(seconds))
    }

    /// Makes the session of this number.
    pub(crate) fn create(&mut self, session: u128, account_id: Option<&str>) {
        let change = LinkSessionChange::Created(Box::new(created(account_id)));
        assert_eq!(self.fact(session, change, 0), Folded::Counted);
    }

    /// Mints for it, with the accounts as they are.
    pub(crate) fn mint(&mut self, session: u128, seconds: i64) -> Folded {
        let known = self.session(Uuid::from_u128(session));
        let minted = known
            .map(|session| self.versions(session))
            .unwrap_or_default();
        self.fact(session, LinkSessionChange::TokenMinted(minted), seconds)
    }
}
