//! The page of an Auth Link: choose a connector, fill its form or go to its provider.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value};
use url::form_urlencoded::Serializer;

use crate::api::error::ApiError;
use crate::api::exchange::Reply;
use crate::connector::{Connector, SignIn};
use crate::fault::Operation;
use crate::pages::html::{escaped, hidden, message, page};
use crate::pages::with_token;
use crate::session::Session;
use crate::simulator::Simulator;

type Fields = HashMap<String, String>;

/// `GET /embedded/integrations?token=…`: the connectors, or the form of one.
pub(super) async fn show(
    request: HttpRequest,
    simulator: Data<Simulator>,
    query: Query<Fields>,
) -> HttpResponse {
    let token = text(&query, "token");
    with_token(
        &request,
        &simulator,
        Operation::AuthLink,
        token,
        |session| {
            let offered = offered(&simulator, session);
            let chosen = query.get("integration_id").map(String::as_str);
            let html = match (
                chosen.and_then(Connector::of_integration),
                offered.as_slice(),
            ) {
                (Some(connector), _) | (None, &[connector]) => form(session, connector, None),
                (None, offered) => list(session, offered),
            };
            Ok(Reply::Page(StatusCode::OK, html))
        },
    )
    .await
}

/// `POST /embedded/integrations`: the filled form.
pub(super) async fn save(
    request: HttpRequest,
    simulator: Data<Simulator>,
    fields: Form<Fields>,
) -> HttpResponse {
    let token = text(&fields, "token");
    with_token(
        &request,
        &simulator,
        Operation::AuthLink,
        token,
        |session| {
            let connector = Connector::of_integration(text(&fields, "integration_id"));
            let connector = connector.ok_or_else(|| ApiError::new(StatusCode::BAD_REQUEST))?;
            let filled = fields
                .iter()
                .map(|(key, text)| (key.clone(), Value::from(text.as_str())));
            let setup = match connector.kept(&filled.collect()) {
                Ok(setup) => setup,
                Err(missing) => {
                    let html = form(session, connector, Some(&missing));
                    return Ok(Reply::Page(StatusCode::BAD_REQUEST, html));
                }
            };
            Ok(match connector.sign_in {
                SignIn::Form => saved(&simulator, session, connector, setup),
                SignIn::OAuth => Reply::Elsewhere(popup(&simulator, session, connector)),
            })
        },
    )
    .await
}

/// Saves as the Hub would: an edit where the session is one.
fn saved(
    simulator: &Simulator,
    session: &Session,
    connector: &Connector,
    setup: Map<String, Value>,
) -> Reply {
    let is_saved = match &session.asked.account_id {
        Some(id) => simulator.sign_in_anew(id, setup),
        None => simulator
            .connect(session, connector, setup, false)
            .is_some(),
    };
    if is_saved {
        let text = format!("{} is connected. You can close this page.", connector.name);
        Reply::Page(StatusCode::OK, message("Connection successful", &text))
    } else {
        let text = "The account is no longer there.";
        Reply::Page(StatusCode::NOT_FOUND, message("Connection failed", text))
    }
}

/// The provider's page, as the Hub opens it.
fn popup(simulator: &Simulator, session: &Session, connector: &Connector) -> String {
    let attempt = simulator.begin_attempt(session);
    let base = simulator.public_url();
    let query = Serializer::new(String::new())
        .append_pair(
            "redirect_uri",
            &format!("{base}/embedded/accounts/callback"),
        )
        .append_pair("token", &session.token)
        .append_pair("connection_attempt_id", &attempt.id)
        .finish();
    format!(
        "{base}/connect/oauth2/{}?{query}",
        connector.integration_id()
    )
}

/// What can be linked: of an edit, only the account's own.
fn offered(simulator: &Simulator, session: &Session) -> Vec<&'static Connector> {
    let edited = session.asked.account_id.as_ref();
    let edited = edited.and_then(|id| simulator.account_in(session, id));
    let is_offered = |connector: &&Connector| match &edited {
        Some(account) => account.provider == connector.provider,
        None => session.offers(connector.provider, connector.category),
    };
    Connector::all().filter(is_offered).collect()
}

fn list(session: &Session, offered: &[&Connector]) -> String {
    if offered.is_empty() {
        return message(
            "Connect an account",
            "No configured integrations available.",
        );
    }
    let row = |connector: &&Connector| {
        let (token, name) = (escaped(&session.token), escaped(connector.name));
        let id = connector.integration_id();
        format!("<a class=\"row\" href=\"?token={token}&amp;integration_id={id}\">{name}</a>")
    };
    let rows: String = offered.iter().map(row).collect();
    page("Connect an account", &rows)
}

fn form(session: &Session, connector: &Connector, missing: Option<&str>) -> String {
    let field = |field: &crate::connector::Field| {
        let (key, label) = (escaped(field.key), escaped(field.label));
        let kind = if field.is_secret { "password" } else { "text" };
        format!("<label>{label}<input name=\"{key}\" type=\"{kind}\" required></label>")
    };
    let fields: String = connector.fields.iter().map(field).collect();
    let missing = missing.map(|text| format!("<p role=\"alert\">{}</p>", escaped(text)));
    let body = format!(
        "{}<form method=\"post\" action=\"/embedded/integrations\">{}{}{fields}<button>Connect</button></form>",
        missing.unwrap_or_default(),
        hidden("token", &session.token),
        hidden("integration_id", &connector.integration_id()),
    );
    page(&format!("Connect {}", connector.name), &body)
}

fn text<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map_or("", String::as_str)
}
