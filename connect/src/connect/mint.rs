//! Sessions of StackOne's own, made for a page just before it needs them.

use jiff::{SignedDuration, Timestamp};
use stackone_client::ConnectSessionRequest;
use stackone_link_schemas::LinkSessionChange;
use uuid::Uuid;

use super::{Connect, an_hour_before};
use crate::problem::Problem;
use crate::session::{Session, TenantState};
use crate::stackone::Project;
use crate::tenant::TenantKey;

/// How long a token of StackOne's is good for, in seconds.
const TOKEN_LIFE: u32 = 30 * 60;

/// A token of StackOne's, made now.
pub(crate) struct MintedNow {
    pub(crate) token: secrecy::SecretString,
    pub(crate) auth_link_url: Option<secrecy::SecretString>,
    pub(crate) expires_at: Timestamp,
    pub(crate) base_url: String,
}

impl Connect {
    /// Has StackOne make a session of its own. What was known before is stored first.
    pub(crate) async fn mint(&self, id: Uuid) -> Result<MintedNow, Problem> {
        self.wait_for(id).await?;
        let (tenant, state, (may, minted)) = self.look(id, |tenant, session, now| {
            (session.may_mint(now), tenant.versions(session))
        })?;
        if !may {
            return Err(Problem::over(state));
        }
        let held = self.limits.minting.hold(&tenant);
        let since = an_hour_before(Timestamp::now());
        let used = self
            .index
            .tenant(&tenant, |state| state.used_since(since).1);
        held.check(used, self.settings.limits.tokens_per_tenant_and_hour)?;
        let project = self.projects.get(tenant.project.as_deref())?;
        project.admit()?;
        let change = LinkSessionChange::TokenMinted(minted);
        self.facts.write(&tenant, id, change).await?;
        drop(held);
        let (_, state, (request, may)) = self.look(id, |state, session, now| {
            (request(&tenant, state, session), session.may_mint(now))
        })?;
        if !may {
            return Err(Problem::over(state));
        }
        self.minted(project, &request).await
    }

    async fn minted(
        &self,
        project: &Project,
        request: &ConnectSessionRequest,
    ) -> Result<MintedNow, Problem> {
        let asked_at = Timestamp::now();
        let session = project.create(request, &self.metrics).await?;
        self.metrics.minted();
        let life = SignedDuration::from_secs(i64::from(TOKEN_LIFE));
        Ok(MintedNow {
            token: session.token,
            auth_link_url: session.auth_link_url,
            expires_at: asked_at.checked_add(life).unwrap_or(asked_at),
            base_url: project.base_url(),
        })
    }
}

/// What StackOne is asked for. A label is for a new account only.
fn request(tenant: &TenantKey, state: &TenantState, session: &Session) -> ConnectSessionRequest {
    let created = &session.created;
    let name = state.name().unwrap_or(&created.tenant_name).to_owned();
    let is_new = !session.is_relink();
    ConnectSessionRequest {
        origin_username: created.user_name.clone(),
        provider: created.provider.clone(),
        categories: created.categories.clone(),
        account_id: created.account_id.clone(),
        connector_profile_id: created.connector_profile_id.clone(),
        label: created.label.clone().filter(|_| is_new),
        multiple: (is_new && created.multiple).then_some(true),
        account_type: created.account_type.clone(),
        expires_in: Some(TOKEN_LIFE),
        ..ConnectSessionRequest::new(tenant.id.clone(), name)
    }
}
