//! Pages that a person clicks through: an Auth Link, and the provider's own page in the Hub's
//! popup. No scripts but the one that closes the popup.

mod auth_link;
mod html;
mod popup;

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use crate::api::error::ApiError;
use crate::api::exchange::{Exchange, Reply};
use crate::fault::Operation;
use crate::session::Session;
use crate::simulator::Simulator;

/// Every page.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/embedded/integrations", web::get().to(auth_link::show))
        .route("/embedded/integrations", web::post().to(auth_link::save))
        .route(
            "/embedded/accounts/callback",
            web::get().to(popup::callback),
        )
        .route(
            "/connect/oauth2/{integration_id}",
            web::get().to(popup::show),
        )
        .route(
            "/connect/oauth2/{integration_id}",
            web::post().to(popup::decide),
        );
}

/// Lets the token of the address or the form in, and answers.
async fn with_token(
    request: &HttpRequest,
    simulator: &Simulator,
    operation: Operation,
    token: &str,
    act: impl FnOnce(&Session) -> Result<Reply, ApiError>,
) -> HttpResponse {
    let Some(session) = simulator.session_of(token) else {
        let status = StatusCode::UNAUTHORIZED;
        simulator.requests().count(None, operation, status.as_u16());
        let text = "This link has expired. Ask whoever sent it for another one.";
        let page = html::message("Link expired", text);
        return HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .body(page);
    };
    let exchange = Exchange {
        request,
        simulator,
        project_id: &session.project_id,
        operation,
        account_id: None,
    };
    exchange.answer(|_fault| act(&session)).await
}
