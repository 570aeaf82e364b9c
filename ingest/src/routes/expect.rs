//! `Expect: 100-continue`: whoever asks before sending a body is refused before it has sent one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_http::{Request, Response};
use actix_web::ResponseError as _;
use actix_web::body::BoxBody;
use actix_web::http::Method;

use super::WEBHOOKS;
use crate::error::Refusal;
use crate::ingest::Ingest;
use crate::outcome::Outcome;
use crate::source::Source;
use crate::verified_webhook;

/// The answer to a request that would be refused whatever its body is; it has the same outcome as without the question.
pub(crate) fn refusal(ingest: &Ingest, request: &Request) -> Option<Response<BoxBody>> {
    // What is escaped is left to the routes to read.
    let path = Some(request.path()).filter(|path| !path.contains('%'))?;
    let name = path
        .strip_prefix(WEBHOOKS)
        .map(|name| name.strip_suffix('/').unwrap_or(name))
        .filter(|name| !name.is_empty() && !name.contains('/'));
    let source = name.and_then(|name| ingest.source(name));
    let outcome = outcome(ingest, request, name, source.as_ref())?;
    observe(ingest, source.as_deref(), outcome);
    let refused = Refusal::from(outcome).error_response();
    Some(refused.into())
}

fn outcome(
    ingest: &Ingest,
    request: &Request,
    name: Option<&str>,
    source: Option<&Arc<Source>>,
) -> Option<Outcome> {
    if name.is_none() {
        return Some(Outcome::UnknownPath);
    }
    if request.method() != Method::POST {
        return Some(Outcome::MethodNotAllowed);
    }
    verified_webhook::of_head(ingest, source.cloned(), &request.head().headers).err()
}

/// Counted and logged as any other. Nothing was waited for.
fn observe(ingest: &Ingest, source: Option<&Source>, outcome: Outcome) {
    let source = source.map(Source::name);
    ingest.metrics.answered(source, outcome, Duration::ZERO);
    if let Some(suppressed) = ingest.log_limit.allow(outcome, Instant::now()) {
        let (reason, status) = (outcome.reason(), outcome.status().as_u16());
        let source = source.unwrap_or("unknown");
        tracing::info!(source, reason, status, suppressed, "webhook refused");
    }
}
