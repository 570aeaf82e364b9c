//! `Expect: 100-continue`: whoever asks before sending a body is refused before it has sent one.

use std::sync::Arc;

use actix_http::{HttpMessage as _, Request, Response};
use actix_web::ResponseError as _;
use actix_web::body::BoxBody;
use actix_web::http::Method;
use actix_web::web::Data;
use stackone_link_wire::TraceContext;

use super::observation::Observation;
use super::routes::WEBHOOKS;
use crate::answer::Refusal;
use crate::answer::outcome::Outcome;
use crate::auth::source::Source;
use crate::auth::verified_webhook::of_head;
use crate::ingest::Ingest;

/// The answer to a request that would be refused whatever its body is; it has the same outcome as
/// without the question. What else follows of the head finds its source with the request.
pub(super) fn refusal(ingest: &Data<Ingest>, request: &Request) -> Option<Response<BoxBody>> {
    // What is escaped is left to the routes to read.
    let path = Some(request.path()).filter(|path| !path.contains('%'))?;
    let name = path
        .strip_prefix(WEBHOOKS)
        .map(|name| name.strip_suffix('/').unwrap_or(name))
        .filter(|name| !name.is_empty() && !name.contains('/'));
    let source = name.and_then(|name| ingest.source(name));
    let Some(outcome) = outcome(ingest, request, name, source.as_ref()) else {
        request.extensions_mut().insert(source?);
        return None;
    };
    let observation = Observation::begin(ingest.clone(), source);
    observation.answered(outcome, Some(TraceContext::start()), || None);
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
    of_head(ingest, source.cloned(), &request.head().headers).err()
}
