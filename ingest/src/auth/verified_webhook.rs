//! The proof that a webhook is authentic: a handler that takes a [`VerifiedWebhook`] cannot be
//! reached without one.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use jiff::Timestamp;
use stackone_link_wire::TraceContext;

use super::signature::Claim;
use super::source::{Source, Verdict};
use crate::answer::Refusal;
use crate::answer::outcome::Outcome;
use crate::body::limits::Share;
use crate::body::{self, HeldBody};
use crate::ingest::Ingest;

/// Name of the header with the signature.
const SIGNATURE_HEADER: &str = "x-stackone-signature";
/// Name of the header with the W3C trace context.
const TRACE_HEADER: &str = "traceparent";
/// How long the body is waited for where the header already says that the answer is 401, and the
/// body could only tell whether a right signature was written in the wrong encoding. It is there by
/// then, or the integrator sees `signature_malformed`.
const DIAGNOSIS_DEADLINE: Duration = Duration::from_millis(200);

/// A webhook whose body was signed with a live secret of its source. Only the extractor makes one.
#[derive(Debug)]
pub(crate) struct VerifiedWebhook {
    source: Arc<Source>,
    body: Bytes,
    received_at: Timestamp,
    trace: TraceContext,
    /// What it holds of the limits after authentication, given back with it.
    _shares: [Share; 2],
}

impl VerifiedWebhook {
    /// The source it was posted to and whose secret matched.
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// The bytes that were signed.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The W3C trace that the webhook's record and span belong to.
    pub(crate) fn trace(&self) -> TraceContext {
        self.trace
    }

    /// When the body had been read and verified: `stackone_received_at` of its record.
    pub(crate) fn received_at(&self) -> Timestamp {
        self.received_at
    }
}

impl FromRequest for VerifiedWebhook {
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Refusal>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            let ingest: &Data<Ingest> = request.app_data().ok_or(Outcome::InternalError)?;
            Ok(verify(ingest, &request, &mut payload).await?)
        })
    }
}

/// Everything that can be refused before the body is read is, in the order of what it costs.
async fn verify(
    ingest: &Ingest,
    request: &HttpRequest,
    payload: &mut Payload,
) -> Result<VerifiedWebhook, Outcome> {
    // Whoever observes the request has looked it up.
    let source = request.extensions().get::<Arc<Source>>().cloned();
    let head = of_head(ingest, source, request.headers())?;
    let Head {
        source,
        claim,
        declared,
    } = head;
    let limits = &ingest.limits;
    let reading = limits.admit_reader().await;
    let reading = reading.ok_or(Outcome::BusyReading)?;
    let HeldBody { bytes, share } = match claim {
        Claim::Signature(_) => body::read(payload, declared, limits, limits.body_deadline).await?,
        Claim::OtherEncoding(_) => {
            let read = body::read(payload, declared, limits, DIAGNOSIS_DEADLINE).await;
            read.map_err(|_undiagnosed| Outcome::SignatureMalformed)?
        }
    };
    let secret = match source.verify(&bytes, &claim) {
        Verdict::Authentic { secret } => secret,
        Verdict::WrongEncoding => return Err(Outcome::WrongEncoding),
        Verdict::Forged => return Err(Outcome::BadSignature),
    };
    let metrics = &ingest.metrics.webhooks;
    metrics.secret_matched(source.name(), secret);
    let shares = limits.admit(bytes.len()).ok_or(Outcome::BusyPublishing)?;
    drop((reading, share));
    Ok(VerifiedWebhook {
        source,
        body: bytes,
        received_at: Timestamp::now(),
        trace: trace(ingest, request),
        _shares: shares,
    })
}

/// What is known of a webhook before its body is read.
pub(crate) struct Head {
    source: Arc<Source>,
    claim: Claim,
    declared: Option<usize>,
}

/// What can be said before the body is read.
///
/// # Errors
///
/// Where it would be refused whatever the body is.
pub(crate) fn of_head(
    ingest: &Ingest,
    source: Option<Arc<Source>>,
    headers: &HeaderMap,
) -> Result<Head, Outcome> {
    let source = source.ok_or(Outcome::UnknownSource)?;
    let claim = claim(headers)?;
    let declared = declared_length(headers);
    let too_large = declared.is_some_and(|declared| declared > ingest.limits.max_body_bytes);
    match claim {
        Claim::Signature(_) if too_large => return Err(Outcome::BodyTooLarge),
        Claim::Signature(_) | Claim::OtherEncoding(_) => {}
    }
    Ok(Head {
        source,
        claim,
        declared,
    })
}

fn claim(headers: &HeaderMap) -> Result<Claim, Outcome> {
    let mut headers = headers.get_all(SIGNATURE_HEADER);
    let header = headers.next().ok_or(Outcome::SignatureAbsent)?;
    if headers.next().is_some() {
        return Err(Outcome::SignatureRepeated);
    }
    Claim::parse(header.as_bytes()).ok_or(Outcome::SignatureMalformed)
}

/// The trace of a webhook that is authentic: the one it brings, where that is trusted, else the one
/// that started here.
fn trace(ingest: &Ingest, request: &HttpRequest) -> TraceContext {
    if ingest.trust_traceparent {
        let mut headers = request.headers().get_all(TRACE_HEADER);
        if let (Some(header), None) = (headers.next(), headers.next())
            && let Some(trace) = TraceContext::continued(header.as_bytes())
        {
            request.extensions_mut().insert(trace);
            return trace;
        }
    }
    let started = request.extensions().get().copied();
    started.unwrap_or_else(TraceContext::start)
}

/// What `Content-Length` announces; nothing for a chunked body. Actix has checked the header.
fn declared_length(headers: &HeaderMap) -> Option<usize> {
    let header = headers.get(CONTENT_LENGTH)?;
    header.to_str().ok()?.parse().ok()
}
