//! What a backend asks with its API key: the accounts API and connect sessions.

mod admission;
mod answer;
mod connection;
mod corruption;
pub(crate) mod error;
pub(crate) mod exchange;
mod requests;
pub(crate) mod sessions;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::account_json::ApiVersion;
use crate::simulator::Simulator;
use crate::{hub, pages};

pub(crate) use connection::Connection;
pub use requests::ApiRequestCount;
pub(crate) use requests::RequestCounts;

use answer::Wanted;
use error::ApiError;

/// Every path it knows.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/accounts", web::get().to(list_v1))
        .route("/accounts/{id}", web::get().to(get_v1))
        .route("/v2/accounts", web::get().to(list_v2))
        .route("/v2/accounts/{id}", web::get().to(get_v2))
        .route("/accounts/{id}", web::delete().to(sessions::delete_account))
        .route("/connect_sessions", web::post().to(sessions::create))
        .route(
            "/connect_sessions/authenticate",
            web::post().to(sessions::authenticate),
        )
        .configure(hub::routes)
        .configure(pages::routes)
        .default_service(web::to(lacking));
}

async fn get_v1(
    request: HttpRequest,
    simulator: Data<Simulator>,
    id: Path<String>,
) -> HttpResponse {
    let wanted = Wanted::Account(id.into_inner());
    answer::answer(&request, &simulator, wanted, ApiVersion::V1).await
}

async fn get_v2(
    request: HttpRequest,
    simulator: Data<Simulator>,
    id: Path<String>,
) -> HttpResponse {
    let wanted = Wanted::Account(id.into_inner());
    answer::answer(&request, &simulator, wanted, ApiVersion::V2).await
}

async fn list_v1(request: HttpRequest, simulator: Data<Simulator>) -> HttpResponse {
    answer::answer(&request, &simulator, Wanted::List, ApiVersion::V1).await
}

async fn list_v2(request: HttpRequest, simulator: Data<Simulator>) -> HttpResponse {
    answer::answer(&request, &simulator, Wanted::List, ApiVersion::V2).await
}

/// An operation that the stand-in lacks. Not 404, which would say that an account is not there.
async fn lacking(request: HttpRequest) -> HttpResponse {
    let (method, path) = (request.method(), request.path());
    let message = format!("the simulator does not have {method} {path}");
    ApiError::with_message(StatusCode::NOT_IMPLEMENTED, message).respond()
}
