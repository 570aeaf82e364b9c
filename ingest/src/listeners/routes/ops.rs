//! What operators and orchestrators ask.

use std::time::Instant;

use actix_web::web::Data;
use actix_web::{HttpResponse, Responder};

use crate::ingest::Ingest;

/// The process makes progress: it answers, and can put a new producer in the place of one that
/// makes none. No outage of anything else changes that.
pub(super) async fn livez(ingest: Data<Ingest>) -> impl Responder {
    if ingest.producer.is_alive(Instant::now()) {
        HttpResponse::Ok().body("ok\n")
    } else {
        HttpResponse::ServiceUnavailable().body("the producer cannot be rebuilt\n")
    }
}

/// Each check and its reason; 503 where one fails.
pub(super) async fn readyz(ingest: Data<Ingest>) -> impl Responder {
    let report = ingest.readiness.report();
    if report.ready {
        HttpResponse::Ok().json(report)
    } else {
        HttpResponse::ServiceUnavailable().json(report)
    }
}

/// Prometheus' text format.
pub(super) async fn metrics(ingest: Data<Ingest>) -> impl Responder {
    let (held, producer) = (ingest.limits.in_flight(), &ingest.producer);
    match ingest.metrics.render(held, producer.queued_records()) {
        Ok(text) => HttpResponse::Ok()
            .content_type("text/plain; version=0.0.4; charset=utf-8")
            .body(text),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}
