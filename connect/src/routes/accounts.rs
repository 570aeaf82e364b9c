//! `/v1/accounts`: a tenant's accounts as last confirmed.

use actix_web::http::header::{ETAG, IF_NONE_MATCH};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use stackone_link_schemas::{AccountId, StatusReason};
use uuid::Uuid;

use super::callers::TenantQuery;
use crate::account::{About, Account, Health};
use crate::connect::Connect;
use crate::jwt::Scope;
use crate::problem::{Problem, Reason};
use crate::session::TenantState;
use crate::tenant::Authority;

/// Accounts on a page.
const PAGE: usize = 100;

/// An account as its tenant sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AccountDocument {
    /// StackOne's id.
    pub(crate) id: AccountId,
    /// The connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<String>,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provider_name: Option<String>,
    /// Its label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// Who linked it, where that is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_name: Option<String>,
    /// What is to be done about it.
    pub(crate) health: Health,
    /// The same as a sentence.
    pub(crate) message: &'static str,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Timestamp>,
    /// A session that is open to link it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) open_session_id: Option<Uuid>,
    /// The provider's words; for service callers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status_reasons: Option<Vec<StatusReason>>,
}

/// Accounts of a tenant, by id.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AccountsPage {
    /// At most 100.
    pub(crate) accounts: Vec<AccountDocument>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<AccountId>,
    /// As of when everything is read.
    pub(crate) as_of: Timestamp,
}

/// Which page.
#[derive(Debug, Deserialize)]
pub(super) struct PageQuery {
    cursor: Option<AccountId>,
}

pub(super) async fn list(
    authority: Authority,
    Query(query): Query<TenantQuery>,
    Query(PageQuery { cursor }): Query<PageQuery>,
    connect: Data<Connect>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let tenant = query.of(&authority, Scope::Read)?;
    let (accounts, next_cursor) = connect.index.tenant(tenant.key(), |state| {
        let after = |account: &&Account| cursor.as_ref().is_none_or(|cursor| account.id > *cursor);
        let listed = state.accounts().filter(|account| account.is_listed());
        let mut listed = listed.filter(after).peekable();
        let page: Vec<_> = listed.by_ref().take(PAGE).collect();
        let more = listed.peek().and(page.last()).map(|last| last.id.clone());
        let shown = |account: &&Account| document(&connect, state, account, authority.is_service());
        (page.iter().map(shown).collect::<Vec<_>>(), more)
    });
    let tag = tag(&(&accounts, &next_cursor));
    let same = request.headers().get(IF_NONE_MATCH);
    if same.is_some_and(|same| same.as_bytes() == tag.as_bytes()) {
        return Ok(HttpResponse::NotModified()
            .insert_header((ETAG, tag))
            .finish());
    }
    let page = AccountsPage {
        accounts,
        next_cursor,
        as_of: connect.readiness.as_of(),
    };
    Ok(HttpResponse::Ok().insert_header((ETAG, tag)).json(page))
}

pub(super) async fn read(
    authority: Authority,
    Query(query): Query<TenantQuery>,
    id: Path<String>,
    connect: Data<Connect>,
) -> Result<HttpResponse, Problem> {
    let tenant = query.of(&authority, Scope::Read)?;
    let id = account_id(&id)?;
    let shown = connect.index.tenant(tenant.key(), |state| {
        let account = state.account(&id).filter(|account| account.is_listed());
        account.map(|account| document(&connect, state, account, authority.is_service()))
    });
    Ok(HttpResponse::Ok().json(shown.ok_or(Reason::NotFound)?))
}

pub(super) async fn delete(
    authority: Authority,
    Query(query): Query<TenantQuery>,
    id: Path<String>,
    connect: Data<Connect>,
) -> Result<HttpResponse, Problem> {
    let tenant = query.of(&authority, Scope::Disconnect)?;
    connect.disconnect(&tenant, &account_id(&id)?).await?;
    Ok(HttpResponse::Accepted().finish())
}

fn account_id(text: &str) -> Result<AccountId, Problem> {
    AccountId::try_from(text).map_err(|_malformed| Reason::NotFound.into())
}

fn document(
    connect: &Connect,
    state: &TenantState,
    account: &Account,
    for_service: bool,
) -> AccountDocument {
    let now = Timestamp::now();
    let about = account.about.as_deref();
    let text = |text: fn(&About) -> Option<&str>| about.and_then(text).map(str::to_owned);
    let relinks = |session: &&crate::session::Session| {
        session.created.account_id.as_ref() == Some(&account.id) && session.may_mint(now)
    };
    let shows_user = connect.settings.sessions.include_user_name;
    AccountDocument {
        id: account.id.clone(),
        provider: text(About::provider),
        provider_name: text(About::provider_name),
        label: text(About::label),
        user_name: text(About::user_name).filter(|_| shows_user),
        health: account.health,
        message: account.health.sentence(),
        since: account.confirmed_at.map(Timestamp::from),
        open_session_id: state
            .sessions()
            .iter()
            .find(relinks)
            .map(|session| session.id),
        status_reasons: about
            .filter(|_| for_service)
            .map(|about| about.reasons.to_vec()),
    }
}

fn tag(shown: &impl Serialize) -> String {
    let digest = Sha256::digest(serde_json::to_vec(shown).unwrap_or_default());
    let start = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    format!("\"{}\"", start.collect::<String>())
}
