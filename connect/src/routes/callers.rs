//! Extractors of the caller: a handler that has one holds the proof of what it says.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::{Data, Query};
use actix_web::{FromRequest, HttpRequest};
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use crate::connect::Connect;
use crate::input::NamedTenant;
use crate::jwt::Scope;
use crate::problem::{Problem, Reason};
use crate::tenant::{Authority, Named, Tenant};
use crate::tokens::Purpose;

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// The tenant in the query of a request.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct TenantQuery {
    pub(crate) tenant: Option<String>,
    pub(crate) project: Option<String>,
}

/// The holder of a session's client token.
pub(crate) struct OfClient(pub(crate) Uuid);

/// The holder of a mailed link's secret.
pub(crate) struct OfLink(pub(crate) Uuid);

/// A caller who may do something with one session.
pub(crate) enum OfSession {
    /// The holder of its client token or, only to cancel, of its link's secret.
    Token(Uuid),
    /// A caller who speaks for its tenant.
    Tenant {
        id: Uuid,
        /// The expiry of the caller's JWT.
        expires_at: Option<Timestamp>,
    },
}

impl TenantQuery {
    /// Returns the tenant that the authority may speak for.
    pub(crate) fn of(&self, authority: &Authority, scope: Scope) -> Result<Tenant, Problem> {
        let tenant = self.tenant.clone().map(|id| NamedTenant {
            id,
            name: None,
            user_name: None,
        });
        let named = Named {
            project: self.project.as_deref(),
            tenant: tenant.as_ref(),
        };
        authority.tenant(named, scope)
    }
}

impl FromRequest for Authority {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { authority(&request).await })
    }
}

async fn authority(request: &HttpRequest) -> Result<Authority, Problem> {
    let connect = connect(request)?;
    let authority = connect
        .auth
        .authority(request.headers(), &connect.metrics)
        .await?;
    connect.limits.is_authentic(request)?;
    Ok(authority)
}

impl FromRequest for OfClient {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        std::future::ready(by_token(request, Purpose::Client).map(Self))
    }
}

impl FromRequest for OfLink {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        std::future::ready(by_token(request, Purpose::Link).map(Self))
    }
}

/// Returns the session in the path, where the bearer token was made for it.
fn by_token(request: &HttpRequest, purpose: Purpose) -> Result<Uuid, Problem> {
    let connect = connect(request)?;
    let id = session_id(request).ok_or(Reason::Unauthenticated)?;
    if !connect.auth.is_for(request.headers(), id, purpose) {
        return Err(Reason::Unauthenticated.into());
    }
    connect.limits.is_authentic(request)?;
    Ok(id)
}

/// Returns `None` where the bearer token is none of this kind, and may be one of another.
pub(super) fn unless_another<T>(caller: Result<T, Problem>) -> Result<Option<T>, Problem> {
    match caller {
        Ok(caller) => Ok(Some(caller)),
        Err(problem) if problem.reason == Reason::Unauthenticated => Ok(None),
        Err(problem) => Err(problem),
    }
}

impl FromRequest for OfSession {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { of_session(&request, Scope::Read).await })
    }
}

/// Returns the caller, who may do with the session in the path what this `scope` allows.
pub(super) async fn of_session(request: &HttpRequest, scope: Scope) -> Result<OfSession, Problem> {
    let connect = connect(request)?;
    if let Some(id) = unless_another(by_token(request, Purpose::Client))? {
        connect.wait_for(id).await?;
        return Ok(OfSession::Token(id));
    }
    let authority = authority(request).await?;
    let query = Query::<TenantQuery>::from_query(request.query_string());
    let query = query
        .map_err(|_unreadable| Reason::MalformedRequest)?
        .into_inner();
    let tenant = query.of(&authority, scope)?;
    let id = session_id(request).ok_or(Reason::NotFound)?;
    let is_own = connect.of_tenant(tenant.key(), id, |_, _| ());
    is_own.ok_or(Reason::NotFound)?;
    Ok(OfSession::Tenant {
        id,
        expires_at: match &authority {
            Authority::Service { .. } => None,
            Authority::Host { claims, .. } => Some(claims.expires_at),
        },
    })
}

impl OfSession {
    pub(crate) fn id(&self) -> Uuid {
        match self {
            Self::Token(id) | Self::Tenant { id, .. } => *id,
        }
    }

    /// Returns the time at which the caller's authorization ends.
    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        match self {
            Self::Token(_) => None,
            Self::Tenant { expires_at, .. } => *expires_at,
        }
    }

    /// Returns whether the caller sees all members of the session.
    pub(crate) fn sees_all(&self) -> bool {
        matches!(self, Self::Tenant { .. })
    }
}

/// Returns the id in the path; `None` where it is malformed, which gets the same answer as an
/// unknown id.
pub(crate) fn session_id(request: &HttpRequest) -> Option<Uuid> {
    let text = request.match_info().get("id")?;
    let id = Uuid::try_parse(text).ok()?;
    (id.hyphenated().to_string() == text).then_some(id)
}

pub(crate) fn connect(request: &HttpRequest) -> Result<&Data<Connect>, Problem> {
    let connect = request.app_data::<Data<Connect>>();
    connect.ok_or_else(|| Reason::Internal.into())
}
