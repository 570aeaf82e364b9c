//! The state that all requests share, and the operations on link sessions.

mod key;
mod mint;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use stackone_client::Deletion;
use stackone_link_schemas::{
    AccountId, LinkChannel, LinkSessionChange, LinkSessionCreated, LinkedReported, link_session_id,
};
use uuid::Uuid;

use crate::auth::Auth;
use crate::config::Settings;
use crate::facts::Facts;
use crate::hub::Hub;
use crate::index::Index;
use crate::input::NewSession;
use crate::limits::{Held, Limits};
use crate::looks::{Because, Looks};
use crate::metrics::{Metrics, Notable};
use crate::problem::{Problem, Reason};
use crate::readiness::Readiness;
use crate::session::{Folded, Owner, Session, SessionState, TenantState};
use crate::stackone::Projects;
use crate::streams::Streams;
use crate::tenant::{Tenant, TenantKey};
use key::OfKey;

/// How long a replica waits to read a session that it does not know yet, although its token is
/// right.
const UNREAD: Duration = Duration::from_secs(1);

/// The state that all requests share.
pub(crate) struct Connect {
    pub(crate) settings: Settings,
    pub(crate) auth: Auth,
    pub(crate) index: Arc<Index>,
    pub(crate) facts: Arc<Facts>,
    pub(crate) looks: Arc<Looks>,
    pub(crate) projects: Projects,
    pub(crate) hub: Hub,
    pub(crate) limits: Limits,
    pub(crate) streams: Arc<Streams>,
    pub(crate) readiness: Arc<Readiness>,
    pub(crate) metrics: Arc<Metrics>,
}

impl Connect {
    /// Creates a session, or finds the one that the `Idempotency-Key` stands for.
    pub(crate) async fn create(
        &self,
        tenant: &Tenant,
        new: NewSession,
        idempotency_key: Option<&str>,
    ) -> Result<Uuid, Problem> {
        new.check(&self.settings.sessions.return_origins)?;
        let digest = new.digest();
        let now = Timestamp::now();
        let of_key = || idempotency_key.map(|key| self.of_key(tenant.key(), key, now));
        let id = match of_key().unwrap_or_else(|| OfKey::Free(Uuid::new_v4())) {
            OfKey::Made(id) => id,
            OfKey::Free(id) => {
                let (created, _held) = self.admitted(tenant, new, now)?;
                let channel = channel(&created.channel);
                let change = LinkSessionChange::Created(Box::new(created));
                if self.facts.write(tenant.key(), id, change).await? == Folded::Counted {
                    self.metrics.created(channel);
                }
                // The first creation in the log counts, and may be another replica's.
                match of_key() {
                    Some(OfKey::Made(id) | OfKey::Free(id)) => id,
                    None => id,
                }
            }
        };
        let first = self.of_tenant(tenant.key(), id, |_, session| {
            session.created.request_digest == digest
        });
        match first {
            Some(true) => Ok(id),
            Some(false) => Err(Reason::IdempotencyConflict.into()),
            None => Err(Reason::LogUnavailable.into()),
        }
    }

    fn of_key(&self, tenant: &TenantKey, key: &str, now: Timestamp) -> OfKey {
        let project = tenant.project.as_deref();
        key::of_key(
            now,
            |day| link_session_id(project, &tenant.id, key, day),
            |id| self.of_tenant(tenant, id, |_, session| session.created_at),
        )
    }

    /// Checks that the tenant may have one more session, and builds its first fact.
    fn admitted(
        &self,
        tenant: &Tenant,
        new: NewSession,
        now: Timestamp,
    ) -> Result<(LinkSessionCreated, Held<'_>), Problem> {
        let held = self.limits.creating.hold(tenant.key());
        let (used, name) = self.index.tenant(tenant.key(), |state| {
            let used = state.used_since(an_hour_before(now)).0;
            (used, state.name().map(str::to_owned))
        });
        held.check(used, self.settings.limits.sessions_per_tenant_and_hour)?;
        let version = match &new.account_id {
            Some(id) => Some(self.own_account_version(tenant.key(), id)?),
            None => None,
        };
        let name = name.or_else(|| tenant.name().map(str::to_owned));
        let name = name.ok_or(Problem::invalid(
            "the tenant needs a name: it has no account yet",
        ))?;
        let user = tenant
            .user_name()
            .filter(|_| self.settings.sessions.include_user_name);
        let mut created = new.fact(name, user.map(str::to_owned))?;
        created.account_version = version;
        Ok((created, held))
    }

    fn own_account_version(&self, tenant: &TenantKey, id: &AccountId) -> Result<u64, Problem> {
        let version = self.index.tenant(tenant, |state| {
            let account = state.account(id).filter(|account| account.is_listed());
            account.map(|account| account.version)
        });
        version.ok_or_else(|| Reason::NotFound.into())
    }

    /// Records that the person with a mailed link has opened it.
    pub(crate) async fn open(&self, id: Uuid) -> Result<(), Problem> {
        self.wait_for(id).await?;
        let (tenant, state, may) = self.look(id, |_, session, now| session.may_mint(now))?;
        if !may {
            return Err(Problem::over(state));
        }
        if state == SessionState::Created {
            self.facts
                .write(&tenant, id, LinkSessionChange::Opened)
                .await?;
        }
        Ok(())
    }

    /// Records the account that a page has named.
    pub(crate) async fn hint(&self, id: Uuid, reported: LinkedReported) -> Result<(), Problem> {
        self.wait_for(id).await?;
        let (tenant, state, may) = self.look(id, |_, session, now| {
            (session.is_over(now), session.may_hint())
        })?;
        let owner = self.index.owner(&reported.account_id, &tenant);
        match (may, owner) {
            ((true, _), _) => Err(Problem::over(state)),
            ((false, _), Owner::Another) => {
                self.metrics.noted(Notable::ForeignHint);
                Ok(())
            }
            ((false, false), _) => Err(Reason::TooManyRequests.into()),
            ((false, true), Owner::Nobody | Owner::Ours | Owner::Gone) => {
                let change = LinkSessionChange::LinkedReported(reported);
                self.looks.is_ours(&tenant, id);
                self.facts.write(&tenant, id, change).await?;
                Ok(())
            }
        }
    }

    /// Cancels a session. One that is cancelled already stays so.
    pub(crate) async fn cancel(&self, id: Uuid) -> Result<(), Problem> {
        self.wait_for(id).await?;
        let (tenant, state, channel) =
            self.look(id, |_, session, _| channel(&session.created.channel))?;
        match state {
            SessionState::Cancelled => return Ok(()),
            SessionState::Verified | SessionState::Expired => return Err(Problem::over(state)),
            SessionState::Created
            | SessionState::Opened
            | SessionState::Linking
            | SessionState::Linked
            | SessionState::Failed => {}
        }
        let written = self.facts.write(&tenant, id, LinkSessionChange::Cancelled);
        if written.await? == Folded::Counted {
            self.metrics
                .settled(channel, SessionState::Cancelled, [None; 2]);
            return Ok(());
        }
        let state = self.look(id, |_, _, _| ())?.1;
        match state == SessionState::Cancelled {
            true => Ok(()),
            false => Err(Problem::over(state)),
        }
    }

    /// Deletes one of the tenant's accounts at StackOne. Its end is confirmed by the processor
    /// alone.
    pub(crate) async fn disconnect(&self, tenant: &Tenant, id: &AccountId) -> Result<(), Problem> {
        self.own_account_version(tenant.key(), id)?;
        let project = self.projects.get(tenant.key().project.as_deref())?;
        project.admit()?;
        match project.delete(id, &self.metrics).await? {
            Deletion::Deleted | Deletion::NotFound => {}
        }
        self.looks
            .ask(tenant.key(), id, Because::Disconnected, Timestamp::now())
            .await;
        Ok(())
    }

    /// Waits up to 1 s for a session whose token is right, since another replica may just have made
    /// it.
    pub(crate) async fn wait_for(&self, id: Uuid) -> Result<(), Problem> {
        match self.index.has_session(id, UNREAD).await {
            true => Ok(()),
            false => Err(Reason::NotFound.into()),
        }
    }

    /// Looks at a session of this tenant; `None` where there is none or it is another tenant's.
    pub(crate) fn of_tenant<T>(
        &self,
        tenant: &TenantKey,
        id: Uuid,
        look: impl FnOnce(&TenantState, &Session) -> T,
    ) -> Option<T> {
        let looked = self.index.session(id, |key, state, session| {
            (key == tenant).then(|| look(state, session))
        });
        looked.flatten()
    }

    /// Returns the session's tenant and state, and what `look` returns for it.
    fn look<T>(
        &self,
        id: Uuid,
        look: impl FnOnce(&TenantState, &Session, Timestamp) -> T,
    ) -> Result<(TenantKey, SessionState, T), Problem> {
        let now = Timestamp::now();
        let seen = self.looks.seen(id, &self.index);
        let looked = self.index.session(id, |key, tenant, session| {
            let state = tenant.state(session, &seen, now).0;
            (key.clone(), state, look(tenant, session, now))
        });
        looked.ok_or_else(|| Reason::NotFound.into())
    }
}

/// Returns the value of the label `channel` in metrics.
pub(crate) fn channel(channel: &LinkChannel) -> &'static str {
    match channel {
        LinkChannel::Link => "link",
        LinkChannel::Hub | LinkChannel::Other(_) => "hub",
    }
}

fn an_hour_before(now: Timestamp) -> Timestamp {
    let hour = SignedDuration::from_hours(1);
    now.checked_sub(hour).unwrap_or(Timestamp::MIN)
}
