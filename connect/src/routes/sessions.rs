//! `/v1/link-sessions`.

use actix_web::web::{Data, Query};
use actix_web::{FromRequest as _, HttpRequest, HttpResponse};
use jiff::Timestamp;
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use stackone_link_schemas::{AccountId, LinkReason, LinkedReported};
use uuid::Uuid;

use super::body::Body;
use super::callers::{OfClient, OfLink, OfSession, TenantQuery};
use crate::connect::{Connect, channel};
use crate::hub::HubDocument;
use crate::input::{NewSession, idempotency_key};
use crate::jwt::Scope;
use crate::problem::{Problem, Reason};
use crate::session::{Session, SessionState, Standing, TenantState};
use crate::streams::{Now, events as stream};
use crate::tenant::{Authority, Named, TenantKey};
use crate::tokens::Purpose;

/// A session that was made.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CreatedSession {
    /// Its id.
    pub(crate) id: Uuid,
    /// Where it stands.
    pub(crate) state: SessionState,
    /// For the element, in the host's page.
    pub(crate) client_token: String,
    /// The address of a mailed link, with its secret in the fragment. Only of the channel `link`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link_url: Option<String>,
    /// Until when it may be opened and minted.
    pub(crate) expires_at: Timestamp,
    /// Where its event stream is.
    pub(crate) events_url: String,
}

/// A session as its tenant sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SessionDocument {
    /// Its id.
    pub(crate) id: Uuid,
    /// `hub` or `link`.
    pub(crate) channel: String,
    /// When it was asked for.
    pub(crate) created_at: Timestamp,
    /// The label for the new account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// What its page sees.
    #[serde(flatten)]
    pub(crate) seen: ClientSession,
}

/// A session as the holder of its client token sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct ClientSession {
    /// Where it stands.
    pub(crate) state: SessionState,
    /// The connector that was asked for, or that the account is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<String>,
    /// Why it failed; or `recovered`, where the account works again without it.
    #[schemars(with = "Vec<String>")]
    pub(crate) reasons: Vec<String>,
    /// Until when it may be opened and minted.
    pub(crate) expires_at: Timestamp,
    /// The account that is linked again, or that was linked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account_id: Option<AccountId>,
    /// Where the page leads on to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) return_url: Option<String>,
}

/// Sessions of a tenant.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SessionsPage {
    /// The newest first.
    pub(crate) sessions: Vec<SessionDocument>,
    /// As of when everything is read.
    pub(crate) as_of: Timestamp,
}

/// The answer to *Continue*.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OpenedSession {
    /// For the element.
    pub(crate) client_token: String,
    /// Until when the session may be opened and minted.
    pub(crate) expires_at: Timestamp,
}

/// A session of StackOne's, made now.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MintedToken {
    /// For the Hub.
    pub(crate) token: String,
    /// StackOne's own page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auth_link_url: Option<String>,
    /// Until when the token is good.
    pub(crate) expires_at: Timestamp,
    /// How the Hub is loaded; `null` where there is none: then the person goes to `auth_link_url`.
    pub(crate) hub: Option<HubDocument>,
}

/// What the Hub said.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub(crate) struct HintRequest {
    /// The account that it names.
    pub(crate) account_id: AccountId,
    /// Its connector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<String>,
}

/// Which sessions are wanted.
#[derive(Debug, Deserialize)]
pub(super) struct StateQuery {
    state: Option<SessionState>,
}

pub(super) async fn create(
    authority: Authority,
    Body(new): Body<NewSession>,
    connect: Data<Connect>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let named = Named {
        project: new.project.as_deref(),
        tenant: new.tenant.as_ref(),
    };
    let tenant = authority.tenant(named, Scope::Link)?;
    let key = request.headers().get("idempotency-key");
    let key = key
        .map(|key| key.to_str().unwrap_or_default())
        .map(idempotency_key);
    let id = connect.create(&tenant, new, key.transpose()?).await?;
    let seen = document(&connect, id).ok_or(Reason::NotFound)?;
    let public_url = &connect.settings.server.public_url;
    let link_url = match seen.channel.as_str() {
        "link" => {
            let secret = connect.auth.token(id, Purpose::Link)?;
            Some(format!("{public_url}/link/{id}#{secret}"))
        }
        _ => None,
    };
    Ok(HttpResponse::Created().json(CreatedSession {
        id,
        state: seen.seen.state,
        client_token: connect.auth.token(id, Purpose::Client)?,
        link_url,
        expires_at: seen.seen.expires_at,
        events_url: format!("{public_url}/v1/link-sessions/{id}/events"),
    }))
}

pub(super) async fn list(
    authority: Authority,
    Query(query): Query<TenantQuery>,
    Query(StateQuery { state }): Query<StateQuery>,
    connect: Data<Connect>,
) -> Result<HttpResponse, Problem> {
    let tenant = query.of(&authority, Scope::Read)?;
    let ids: Vec<Uuid> = connect.index.tenant(tenant.key(), |tenant| {
        tenant.sessions().iter().map(|session| session.id).collect()
    });
    let documents = ids.into_iter().filter_map(|id| document(&connect, id));
    let wanted = documents.filter(|one| state.is_none_or(|state| one.seen.state == state));
    let mut sessions: Vec<_> = wanted.collect();
    sessions.sort_by_key(|one| std::cmp::Reverse(one.created_at));
    let as_of = connect.readiness.as_of();
    Ok(HttpResponse::Ok().json(SessionsPage { sessions, as_of }))
}

pub(super) async fn read(
    caller: OfSession,
    connect: Data<Connect>,
) -> Result<HttpResponse, Problem> {
    let document = document(&connect, caller.id()).ok_or(Reason::NotFound)?;
    Ok(match caller.sees_all() {
        true => HttpResponse::Ok().json(document),
        false => HttpResponse::Ok().json(document.seen),
    })
}

pub(super) async fn events(
    caller: OfSession,
    connect: Data<Connect>,
) -> Result<HttpResponse, Problem> {
    let (id, sees_all) = (caller.id(), caller.sees_all());
    let tenant = connect.index.session(id, |key, _, _| key.clone());
    let tenant: TenantKey = tenant.ok_or(Reason::NotFound)?;
    let counted = connect
        .streams
        .open(id, &tenant)
        .ok_or(Reason::TooManyRequests)?;
    let changes = connect.index.follow(id);
    let now = move || {
        let document = document(&connect, id)?;
        let (is_final, until) = (document.seen.state.is_final(), ends_at(&connect, id));
        let json = match sees_all {
            true => serde_json::to_string(&document),
            false => serde_json::to_string(&document.seen),
        };
        Some(Now {
            json: json.ok()?,
            is_final,
            until,
        })
    };
    let stream = stream(counted, changes, now, caller.expires_at());
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("x-accel-buffering", "no"))
        .streaming(stream))
}

pub(super) async fn open(
    OfLink(id): OfLink,
    connect: Data<Connect>,
) -> Result<HttpResponse, Problem> {
    connect.open(id).await?;
    let document = document(&connect, id).ok_or(Reason::NotFound)?;
    Ok(HttpResponse::Ok().json(OpenedSession {
        client_token: connect.auth.token(id, Purpose::Client)?,
        expires_at: document.seen.expires_at,
    }))
}

pub(super) async fn token(
    OfClient(id): OfClient,
    connect: Data<Connect>,
) -> Result<HttpResponse, Problem> {
    let minted = connect.mint(id).await?;
    let link = minted.auth_link_url.as_ref();
    Ok(HttpResponse::Ok().json(MintedToken {
        token: minted.token.expose_secret().to_owned(),
        auth_link_url: link.map(|link| link.expose_secret().to_owned()),
        expires_at: minted.expires_at,
        hub: connect.hub.document(minted.base_url),
    }))
}

pub(super) async fn linked(
    OfClient(id): OfClient,
    Body(hint): Body<HintRequest>,
    connect: Data<Connect>,
) -> Result<HttpResponse, Problem> {
    let provider = hint.provider.filter(|provider| provider.len() <= 128);
    let reported = LinkedReported {
        account_id: hint.account_id,
        provider,
    };
    connect.hint(id, reported).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn cancel(
    request: HttpRequest,
    connect: Data<Connect>,
) -> Result<HttpResponse, Problem> {
    let id = match OfLink::extract(&request).await {
        Ok(OfLink(id)) => id,
        Err(_no_link_secret) => {
            let caller = OfSession::extract(&request).await?;
            if !caller.may_link() {
                return Err(Reason::Forbidden.into());
            }
            caller.id()
        }
    };
    connect.cancel(id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A session as its tenant sees it now.
fn document(connect: &Connect, id: Uuid) -> Option<SessionDocument> {
    let now = Timestamp::now();
    let seen = connect.looks.seen(id, &connect.index);
    connect.index.session(id, |_, tenant, session| {
        let (state, standing) = tenant.state(session, &seen, now);
        document_of(tenant, session, state, &standing)
    })
}

fn document_of(
    tenant: &TenantState,
    session: &Session,
    state: SessionState,
    standing: &Standing,
) -> SessionDocument {
    let created = &session.created;
    let settled = session.settled();
    let linked = match standing {
        Standing::Linked(account) => Some(account.clone()),
        Standing::Settled(settled) => Some(settled.account_id.clone()),
        Standing::Waiting | Standing::Recovered | Standing::Ambiguous => None,
    };
    let account_id = created.account_id.clone();
    let account_id = account_id.or_else(|| settled.map(|settled| settled.account_id.clone()));
    let account_id = account_id.or(linked);
    let account = account_id.as_ref().and_then(|id| tenant.account(id));
    let reasons = settled
        .map(|settled| settled.reasons.as_slice())
        .unwrap_or_default();
    let mut reasons: Vec<_> = reasons.iter().map(LinkReason::to_string).collect();
    if *standing == Standing::Recovered && !state.is_final() {
        reasons.push("recovered".to_owned());
    }
    SessionDocument {
        id: session.id,
        channel: channel(&created.channel).to_owned(),
        created_at: session.created_at,
        label: created.label.clone(),
        seen: ClientSession {
            state,
            provider: created
                .provider
                .clone()
                .or_else(|| account?.provider().map(str::to_owned)),
            reasons,
            expires_at: session.expires_at(),
            account_id,
            return_url: created.return_url.clone(),
        },
    }
}

fn ends_at(connect: &Connect, id: Uuid) -> Option<Timestamp> {
    connect.index.session(id, |_, _, session| session.ends_at())
}
