//! Counts, times and logs each request once, whatever became of it.

use std::sync::Arc;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpResponse};

use crate::error::Refusal;
use crate::ingest::Ingest;
use crate::outcome::Outcome;
use crate::source::Source;

/// What is being observed. Dropped without an answer, the client has gone.
struct Observation {
    ingest: Data<Ingest>,
    source: Option<Arc<Source>>,
    started: Instant,
    outcome: Outcome,
}

impl Drop for Observation {
    fn drop(&mut self) {
        let source = self.source.as_ref().map(|source| source.name());
        let metrics = &self.ingest.metrics;
        metrics.answered(source, self.outcome, self.started.elapsed());
    }
}

pub(super) async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let Some(ingest) = request.app_data::<Data<Ingest>>().cloned() else {
        return Err(Refusal::from(Outcome::InternalError).into());
    };
    let name = request.match_info().get("source");
    let mut observation = Observation {
        source: name.and_then(|name| ingest.source(name)),
        ingest,
        started: Instant::now(),
        outcome: Outcome::ClientGone,
    };
    let response = next.call(request).await;
    observation.outcome = Outcome::InternalError;
    if let Ok(response) = &response {
        observation.outcome = outcome(response.response());
        log(&observation, response.response());
    }
    response
}

fn outcome(response: &HttpResponse<impl MessageBody>) -> Outcome {
    let outcome = response.extensions().get::<Outcome>().copied();
    outcome.unwrap_or(Outcome::InternalError)
}

/// One line for each refusal: what the client did at debug, what we could not do at error.
fn log(observation: &Observation, response: &HttpResponse<impl MessageBody>) {
    let source = observation
        .source
        .as_ref()
        .map_or("unknown", |source| source.name());
    let (reason, status) = (observation.outcome.reason(), response.status().as_u16());
    if response.status().is_server_error() {
        let refusal = response
            .error()
            .and_then(|error| error.as_error::<Refusal>());
        let cause = refusal.and_then(Refusal::cause);
        tracing::error!(source, reason, status, cause, "webhook refused");
    } else if response.status().is_client_error() {
        tracing::debug!(source, reason, status, "webhook refused");
    }
}
