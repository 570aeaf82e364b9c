//! The middleware that observes each request.

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpResponse};
use stackone_link_wire::TraceContext;

use crate::answer::Refusal;
use crate::answer::outcome::Outcome;
use crate::auth::source::Source;
use crate::ingest::Ingest;
use crate::listeners::observation::Observation;

/// Looks the source up, for all that follows, and sees to it that the request has one outcome.
pub(super) async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let Some(ingest) = request.app_data::<Data<Ingest>>().cloned() else {
        return Err(Refusal::from(Outcome::InternalError).into());
    };
    let source = source(&ingest, &request);
    request.extensions_mut().insert(TraceContext::start());
    let is_draining = ingest.clone();
    let observation = Observation::begin(ingest, source);
    let mut response = next.call(request).await;
    let Ok(answered) = &mut response else {
        observation.failed();
        return response;
    };
    if is_draining.readiness.is_draining() {
        // A kept connection would be cut when we stop, perhaps under the next request.
        let head = answered.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    let trace = answered.request().extensions().get().copied();
    observation.answered(outcome(answered.response()), trace, || {
        let error = answered.response().error()?;
        error.as_error::<Refusal>()?.cause()
    });
    response
}

/// The source that the path names, if it is configured. Where the head was looked at before
/// (`Expect`), it was found then.
fn source(ingest: &Ingest, request: &ServiceRequest) -> Option<Arc<Source>> {
    let found = request.extensions().get::<Arc<Source>>().cloned();
    if found.is_some() {
        return found;
    }
    let source = ingest.source(request.match_info().get("source")?)?;
    request.extensions_mut().insert(Arc::clone(&source));
    Some(source)
}

fn outcome(response: &HttpResponse<impl MessageBody>) -> Outcome {
    let outcome = response.extensions().get::<Outcome>().copied();
    outcome.unwrap_or(Outcome::InternalError)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::panic::AssertUnwindSafe;

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
        let page = ingest.metrics.render(held, 0).unwrap();
        let counted = |outcome, count| {
            let labels = format!("{{outcome=\"{outcome}\",source=\"unknown\"}}");
            page.contains(&format!("stackone_ingest_webhooks_total{labels} {count}\n"))
        };
        assert!(counted("internal_error", 1), "{page}");
        assert!(!counted("client_gone", 1), "{page}");
    }
}
