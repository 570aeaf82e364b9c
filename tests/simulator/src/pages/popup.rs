//! The provider's own page, in the popup that the Hub opens: allow or deny.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::Map;
use url::Url;

use crate::account::AccountId;
use crate::api::error::ApiError;
use crate::api::exchange::Reply;
use crate::connector::Connector;
use crate::fault::Operation;
use crate::pages::html::{escaped, hidden, message, page};
use crate::pages::with_token;
use crate::session::{AttemptOutcome, AttemptStatus, Session};
use crate::simulator::Simulator;

/// What the address names. The form's fields stand there as well, which the Hub adds; they are not
/// looked at.
#[derive(Deserialize)]
pub(super) struct Address {
    #[serde(default)]
    token: String,
    #[serde(default)]
    connection_attempt_id: String,
    #[serde(default)]
    redirect_uri: String,
}

#[derive(Deserialize)]
pub(super) struct Decision {
    token: String,
    connection_attempt_id: String,
    redirect_uri: String,
    decision: Choice,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Choice {
    Allow,
    Deny,
}

/// `GET /connect/oauth2/{integration_id}?…`
pub(super) async fn show(
    request: HttpRequest,
    simulator: Data<Simulator>,
    integration_id: Path<String>,
    address: Query<Address>,
) -> HttpResponse {
    let token = address.token.as_str();
    with_token(&request, &simulator, Operation::Popup, token, |session| {
        let connector = connector(&integration_id)?;
        simulator
            .attempt(session, &address.connection_attempt_id)
            .ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND))?;
        Ok(Reply::Page(
            StatusCode::OK,
            question(session, connector, &address),
        ))
    })
    .await
}

/// `POST /connect/oauth2/{integration_id}`: what the person decided.
pub(super) async fn decide(
    request: HttpRequest,
    simulator: Data<Simulator>,
    integration_id: Path<String>,
    decision: Form<Decision>,
) -> HttpResponse {
    let token = decision.token.as_str();
    with_token(&request, &simulator, Operation::Popup, token, |session| {
        let connector = connector(&integration_id)?;
        let id = &decision.connection_attempt_id;
        let attempt = simulator.attempt(session, id);
        if attempt.is_none_or(|attempt| attempt.outcome.status != AttemptStatus::Pending) {
            let text = "This sign-in is over. Close this window and begin again.";
            let html = message("Too late", text);
            return Ok(Reply::Page(StatusCode::CONFLICT, html));
        }
        let outcome = match decision.decision {
            Choice::Allow => AttemptOutcome {
                account: Some(linked(&simulator, session, connector)?),
                ..AttemptOutcome::of(AttemptStatus::Authenticated)
            },
            Choice::Deny => AttemptOutcome {
                error: Some(denied()),
                ..AttemptOutcome::of(AttemptStatus::Error)
            },
        };
        let _is_pending_still = simulator.decide(session, id, outcome);
        Ok(after(&decision.redirect_uri))
    })
    .await
}

/// `GET /embedded/accounts/callback`: where the popup ends. The Hub does not need it to.
pub(super) async fn callback(_query: Query<HashMap<String, String>>) -> HttpResponse {
    let html = page(
        "Done",
        "<p role=\"status\">You can close this window.</p><script>window.close()</script>",
    );
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(html)
}

fn linked(
    simulator: &Simulator,
    session: &Session,
    connector: &Connector,
) -> Result<AccountId, ApiError> {
    let gone = || ApiError::new(StatusCode::NOT_FOUND);
    match &session.asked.account_id {
        Some(id) if simulator.sign_in_anew(id, Map::new()) => Ok(id.clone()),
        Some(_) => Err(gone()),
        None => simulator
            .connect(session, connector, Map::new(), false)
            .ok_or_else(gone),
    }
}

fn denied() -> (String, String) {
    (
        "access_denied".to_owned(),
        "The user denied access".to_owned(),
    )
}

/// Where the Hub wanted the popup to end; here, where that is no address of the web.
fn after(redirect_uri: &str) -> Reply {
    let is_of_the_web = |url: &Url| matches!(url.scheme(), "http" | "https");
    match Url::parse(redirect_uri).ok().filter(is_of_the_web) {
        Some(url) => Reply::Elsewhere(url.into()),
        None => Reply::Page(
            StatusCode::OK,
            message("Done", "You can close this window."),
        ),
    }
}

fn question(session: &Session, connector: &Connector, address: &Address) -> String {
    let (name, owner) = (
        escaped(connector.name),
        escaped(&session.asked.origin_owner_name),
    );
    let body = format!(
        "<p>{owner} asks to use your {name} account.</p><form method=\"post\">{}{}{}\
         <button name=\"decision\" value=\"allow\">Allow</button>\
         <button name=\"decision\" value=\"deny\">Deny</button></form>\
         <p>Close this window to say nothing at all.</p>",
        hidden("token", &address.token),
        hidden("connection_attempt_id", &address.connection_attempt_id),
        hidden("redirect_uri", &address.redirect_uri),
    );
    page(&format!("Sign in to {}", connector.name), &body)
}

fn connector(integration_id: &str) -> Result<&'static Connector, ApiError> {
    Connector::of_integration(integration_id).ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND))
}
