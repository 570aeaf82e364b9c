//! The accounts API.

mod admission;
mod answer;
mod connection;
mod corruption;
mod error;
mod requests;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::account_json::ApiVersion;
use crate::simulator::Simulator;

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
        .default_service(web::to(not_found));
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

async fn not_found() -> HttpResponse {
    ApiError::new(StatusCode::NOT_FOUND).respond()
}
