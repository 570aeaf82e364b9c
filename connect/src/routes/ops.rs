//! The handlers for operators and orchestrators.

use actix_web::web::Data;
use actix_web::{HttpResponse, Responder};

use crate::connect::Connect;

/// Answers as long as the process runs, whatever else is out of order.
pub(super) async fn livez() -> impl Responder {
    HttpResponse::Ok().body("ok\n")
}

/// Lists each check and its reason; the status is 503 where one fails.
pub(super) async fn readyz(connect: Data<Connect>) -> impl Responder {
    let report = connect.readiness.report();
    if report.ready {
        HttpResponse::Ok().json(report)
    } else {
        HttpResponse::ServiceUnavailable().json(report)
    }
}

/// Answers with all metrics in Prometheus' text format.
pub(super) async fn metrics(connect: Data<Connect>) -> impl Responder {
    match connect.metrics.render(connect.index.sizes()) {
        Ok(text) => HttpResponse::Ok()
            .content_type("text/plain; version=0.0.4; charset=utf-8")
            .body(text),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}
