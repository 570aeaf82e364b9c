//! Counts, times and logs each request once, whatever became of it.

mod span;

use std::sync::Arc;
use std::thread::panicking;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpResponse};

use crate::error::Refusal;
use crate::ingest::Ingest;
use crate::outcome::Outcome;
use crate::source::Source;
use stackone_link_wire::TraceContext;

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
        // A handler that panics takes its observation with it: it is we who have gone.
        let outcome = if panicking() {
            Outcome::InternalError
        } else {
            self.outcome
        };
        metrics.answered(source, outcome, self.started.elapsed());
    }
}

pub(super) async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let Some(ingest) = request.app_data::<Data<Ingest>>().cloned() else {
        return Err(Refusal::from(Outcome::InternalError).into());
    };
    request.extensions_mut().insert(TraceContext::start());
    let name = request.match_info().get("source");
    let mut observation = Observation {
        source: name.and_then(|name| ingest.source(name)),
        ingest,
        started: Instant::now(),
        outcome: Outcome::ClientGone,
    };
    let mut response = next.call(request).await;
    observation.outcome = Outcome::InternalError;
    if let Ok(response) = &mut response {
        if observation.ingest.readiness.is_draining() {
            // A kept connection would be cut when we stop, perhaps under the next request.
            let head = response.response_mut().head_mut();
            head.set_connection_type(ConnectionType::Close);
        }
        observation.outcome = outcome(response.response());
        log(&observation, response);
        let trace = response.request().extensions().get().copied();
        span::finished(&observation, trace);
    }
    response
}

fn outcome(response: &HttpResponse<impl MessageBody>) -> Outcome {
    let outcome = response.extensions().get::<Outcome>().copied();
    outcome.unwrap_or(Outcome::InternalError)
}

/// One line for each refusal, as far as the limit allows: what the client did at info, since whoever sets up a webhook looks
/// here first, and what we could not do at error.
fn log<B>(observation: &Observation, response: &ServiceResponse<B>) {
    let source = observation
        .source
        .as_ref()
        .map_or("unknown", |source| source.name());
    let (reason, status) = (observation.outcome.reason(), response.status().as_u16());
    if response.status().is_success() {
        tracing::debug!(
            source,
            reason,
            trace_id = trace_id(response),
            "webhook accepted"
        );
        return;
    }
    let limit = &observation.ingest.log_limit;
    let Some(suppressed) = limit.allow(observation.outcome, Instant::now()) else {
        return;
    };
    let trace_id = trace_id(response);
    if response.status().is_server_error() {
        let error = response.response().error();
        let refusal = error.and_then(|error| error.as_error::<Refusal>());
        let cause = refusal.and_then(Refusal::cause);
        tracing::error!(
            source,
            reason,
            status,
            cause,
            trace_id,
            suppressed,
            "webhook refused"
        );
    } else {
        tracing::info!(
            source,
            reason,
            status,
            trace_id,
            suppressed,
            "webhook refused"
        );
    }
}

fn trace_id<B>(response: &ServiceResponse<B>) -> Option<String> {
    let extensions = response.request().extensions();
    extensions
        .get::<TraceContext>()
        .map(|trace| trace.trace_id())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::panic::AssertUnwindSafe;
    use std::time::Duration;

    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, init_service};
    use actix_web::{App, dev::Service as _, web};
    use futures_util::FutureExt as _;

    use super::*;
    use crate::config::Config;
    use crate::metrics::Metrics;

    #[tokio::test]
    async fn a_panic_is_our_doing_and_no_client_that_went() {
        let secret = ("STACKONE_WEBHOOK_SECRET".to_owned(), "s".to_owned());
        let config = Config::load(None, &HashMap::from([secret])).unwrap();
        let ingest = Data::new(Ingest::new(&config, Metrics::new().unwrap()).unwrap());
        let panics = || async { panic!("on purpose") as &'static str };
        let route = web::route().to(panics).wrap(from_fn(observe));
        let app = App::new().app_data(ingest.clone()).default_service(route);
        let app = init_service(app).await;
        let called = app.call(TestRequest::default().to_request());
        let called = AssertUnwindSafe(called).catch_unwind().await;
        assert!(called.is_err());
        let held = ingest.limits.in_flight();
        let page = ingest.metrics.render(held, 0, Duration::ZERO).unwrap();
        let counted = |outcome, count| {
            let labels = format!("{{outcome=\"{outcome}\",source=\"unknown\"}}");
            page.contains(&format!("stackone_ingest_webhooks_total{labels} {count}\n"))
        };
        assert!(counted("internal_error", 1), "{page}");
        assert!(!counted("client_gone", 1), "{page}");
    }
}
