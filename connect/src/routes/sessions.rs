//! The handlers of `/v1/link-sessions`.

mod documents;

use actix_web::web::{Data, Query};
use actix_web::{FromRequest as _, HttpRequest, HttpResponse};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use stackone_link_schemas::{LinkReason, LinkedReported};
use uuid::Uuid;

use super::body::Body;
use super::callers::{OfClient, OfLink, OfSession, TenantQuery, of_session, unless_another};
use crate::connect::{Connect, channel};
use crate::input::{NewSession, idempotency_key};
use crate::jwt::Scope;
use crate::problem::{Problem, Reason};
use crate::session::{Session, SessionState, Standing, TenantState};
use crate::streams::{Now, events as stream};
use crate::tenant::{Authority, Named, TenantKey};
use crate::tokens::Purpose;

pub(crate) use documents::{
    ClientSession, CreatedSession, HintRequest, MintedToken, OpenedSession, SessionDocument,
    SessionsPage,
};

/// The states that a list of sessions is limited to.
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
        let state = document.seen.state;
        let (is_final, until) = (state.is_final(), ends_at(&connect, id));
        let tried_at = tried_at(&connect, id).filter(|_| state == SessionState::Failed);
        let json = match sees_all {
            true => serde_json::to_string(&document),
            false => serde_json::to_string(&document.seen),
        };
        Some(Now {
            json: json.ok()?,
            is_final,
            tried_at,
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
    let id = match unless_another(OfLink::extract(&request).await)? {
        Some(OfLink(id)) => id,
        None => of_session(&request, Scope::Link).await?.id(),
    };
    connect.cancel(id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Returns a session as its tenant sees it now.
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
    let is_open = state == SessionState::Linking;
    let linked = match standing {
        Standing::Linked(account) => Some(account.clone()),
        Standing::Settled(settled) => Some(settled.account_id.clone()),
        Standing::Ambiguous(account) => account.clone().filter(|_| is_open),
        Standing::Waiting | Standing::Recovered => None,
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
    if matches!(standing, Standing::Ambiguous(_)) && is_open {
        reasons.push("ambiguous".to_owned());
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

/// Returns when a page said last what is decided by now.
fn tried_at(connect: &Connect, id: Uuid) -> Option<Timestamp> {
    let answered_at = connect
        .index
        .session(id, |_, _, session| session.answered_at);
    answered_at?.max(connect.looks.decided_at(id))
}
