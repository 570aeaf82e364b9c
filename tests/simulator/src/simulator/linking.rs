//! What a connect session does: links accounts, and signs in anew to those that are there.

use serde_json::{Map, Value};

use crate::account::{Account, AccountId, NewAccount};
use crate::connector::Connector;
use crate::notify::Notify;
use crate::session::{Attempt, AttemptOutcome, OrganizationId, Session, SessionRequest};
use crate::session_store::SessionStore;
use crate::simulator::{Simulator, lock};
use crate::timestamp;

impl Simulator {
    /// Where browsers reach the API and the pages, without a slash at its end.
    pub(crate) fn public_url(&self) -> String {
        let configured = self.inner.public_url.clone();
        configured.unwrap_or_else(|| self.api_url())
    }

    pub(crate) fn organization_id(&self) -> OrganizationId {
        self.inner.organization_id
    }

    /// Where a person goes with a session's token and no Hub.
    pub(crate) fn auth_link_url(&self, session: &Session) -> String {
        format!(
            "{}/embedded/integrations?token={}",
            self.public_url(),
            session.token
        )
    }

    /// None: it is to be an edit of an account that the project does not have.
    pub(crate) fn create_session(
        &self,
        project_id: &str,
        asked: SessionRequest,
    ) -> Option<Session> {
        let named = asked.account_id.as_ref();
        if named.is_some_and(|id| self.linked_account(project_id, id).is_none()) {
            return None;
        }
        let now = timestamp::now();
        Some(self.sessions(|sessions| sessions.create(project_id, asked, now)))
    }

    pub(crate) fn session_of(&self, token: &str) -> Option<Session> {
        self.sessions(|sessions| sessions.by_token(token, timestamp::now()).cloned())
    }

    pub(crate) fn list_sessions(&self) -> Vec<Session> {
        self.sessions(|sessions| sessions.list().cloned().collect())
    }

    /// Ends a session: its token is refused from now on. False: there is none of that id.
    #[must_use]
    pub fn end_session(&self, id: u64) -> bool {
        self.sessions(|sessions| sessions.end(id, timestamp::now()))
    }

    /// An account that a session may see: the one it is an edit of, or one of its tenant.
    pub(crate) fn account_in(&self, session: &Session, id: &AccountId) -> Option<Account> {
        let account = self.linked_account(&session.project_id, id)?;
        let is_edited = session.asked.account_id.as_ref() == Some(id);
        (is_edited || account.origin_owner_id == session.asked.origin_owner_id).then_some(account)
    }

    /// Links an account, or signs in anew to the one that StackOne takes it for: the tenant's of
    /// the same owner id, owner name and provider, unless the session is for several. `as_edit`:
    /// whatever the name is, and for several, too.
    pub(crate) fn connect(
        &self,
        session: &Session,
        connector: &Connector,
        setup: Map<String, Value>,
        as_edit: bool,
    ) -> Option<AccountId> {
        match self.meant_by(session, connector, as_edit) {
            Some(id) => self.sign_in_anew(&id, setup).then_some(id),
            None => self.link(&new_account(session, connector, setup)).ok(),
        }
    }

    /// New credentials: whatever the account was, it is active.
    pub(crate) fn sign_in_anew(&self, id: &AccountId, setup: Map<String, Value>) -> bool {
        let changed = self.accounts().sign_in_anew(id, setup, timestamp::now());
        let Ok(account) = changed else { return false };
        self.announce(&account, "account.updated", Notify::Send);
        true
    }

    fn meant_by(
        &self,
        session: &Session,
        connector: &Connector,
        as_edit: bool,
    ) -> Option<AccountId> {
        let asked = &session.asked;
        // `multiple` says nothing where a session is an edit.
        let several = asked.multiple.unwrap_or(false) && asked.account_id.is_none();
        if several && !as_edit {
            return None;
        }
        let is_meant = |account: &&Account| {
            account.provider == connector.provider
                && account.origin_owner_id == asked.origin_owner_id
                && (as_edit || account.origin_owner_name == asked.origin_owner_name)
        };
        let mut accounts = self.accounts();
        let mut linked = accounts.linked(Some(&session.project_id), timestamp::now());
        linked.find(is_meant).map(|account| account.id.clone())
    }

    pub(crate) fn linked_account(&self, project_id: &str, id: &AccountId) -> Option<Account> {
        self.account(id)
            .filter(|account| !account.unlinked && account.project_id == project_id)
    }

    pub(crate) fn begin_attempt(&self, session: &Session) -> Attempt {
        self.sessions(|sessions| sessions.begin_attempt(session.id, timestamp::now()))
    }

    pub(crate) fn attempt(&self, session: &Session, id: &str) -> Option<Attempt> {
        self.sessions(|sessions| sessions.attempt(session.id, id).cloned())
    }

    pub(crate) fn latest_attempt(&self, session: &Session) -> Option<Attempt> {
        self.sessions(|sessions| sessions.latest_attempt(session.id).cloned())
    }

    /// False: it is another session's, or was decided.
    pub(crate) fn decide(&self, session: &Session, id: &str, outcome: AttemptOutcome) -> bool {
        self.sessions(|sessions| sessions.decide(session.id, id, outcome, timestamp::now()))
    }

    fn sessions<T>(&self, work: impl FnOnce(&mut SessionStore) -> T) -> T {
        work(&mut lock(&self.inner.sessions))
    }
}

fn new_account(session: &Session, connector: &Connector, setup: Map<String, Value>) -> NewAccount {
    let asked = &session.asked;
    NewAccount {
        project_id: Some(session.project_id.clone()),
        provider_name: Some(connector.name.to_owned()),
        origin_username: asked.origin_username.clone(),
        setup_information: (!setup.is_empty()).then_some(setup),
        label: asked.label.clone(),
        kind: Some(asked.kind.unwrap_or_default().as_str().to_owned()),
        ..NewAccount::new(
            connector.provider,
            &asked.origin_owner_id,
            &asked.origin_owner_name,
        )
    }
}
