//! A collector of traces, and the request that it is sent.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::{Request, StatusCode, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::TokioExecutor;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as SpanStatus;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as Sent, Status};
use prost::Message as _;

use super::span::{Kind, Span};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The path for traces (OTLP/HTTP), appended to the address of the collector.
const PATH: &str = "/v1/traces";
const PROTOBUF: &str = "application/x-protobuf";
/// The flag of a span whose trace is recorded (W3C Trace Context, `sampled`).
const SAMPLED: u32 = 1;

/// Why the collector did not take spans.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotTaken {
    /// The request could not be built.
    #[error("no request: {0}")]
    Request(#[from] hyper::http::Error),
    /// The connection failed or broke.
    #[error("no answer: {0}")]
    Unreachable(#[from] ClientError),
    /// The collector did not answer within [`TIMEOUT`].
    #[error("no answer within {TIMEOUT:?}")]
    TooSlow(#[from] tokio::time::error::Elapsed),
    /// The collector answered with another status than 200.
    #[error("answer {0}")]
    Refused(StatusCode),
}

/// Returns the address that takes traces; `None` where `endpoint` is no address of a collector.
pub(super) fn traces_url(endpoint: &str) -> Option<Uri> {
    let endpoint = endpoint.strip_suffix('/').unwrap_or(endpoint);
    let url: Uri = format!("{endpoint}{PATH}").parse().ok()?;
    let authority = url.authority()?.as_str();
    let is_plain = url.scheme_str() == Some("http") && url.query().is_none();
    (is_plain && !authority.contains('@') && url.path().ends_with(PATH)).then_some(url)
}

/// A collector, and the service whose spans it gets.
pub(super) struct Collector {
    client: Client<HttpConnector, Full<Bytes>>,
    url: Uri,
    service: &'static str,
}

impl Collector {
    pub(super) fn new(url: Uri, service: &'static str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self {
            client,
            url,
            service,
        }
    }

    /// Sends spans once. Spans that are not taken are lost.
    pub(super) async fn send(&self, spans: &[Span]) -> Result<(), NotTaken> {
        let message = request(self.service, spans).encode_to_vec();
        let request = Request::post(self.url.clone())
            .header(CONTENT_TYPE, PROTOBUF)
            .body(Full::from(message))?;
        let answer = tokio::time::timeout(TIMEOUT, self.client.request(request)).await??;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(NotTaken::Refused(answer.status()))
        }
    }
}

/// Builds the message of OTLP: one resource, one scope, and its spans.
fn request(service: &str, spans: &[Span]) -> ExportTraceServiceRequest {
    let resource = Resource {
        attributes: vec![attribute("service.name", service)],
        ..Resource::default()
    };
    let scope = InstrumentationScope {
        name: service.to_owned(),
        ..InstrumentationScope::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![ScopeSpans {
                scope: Some(scope),
                spans: spans.iter().map(sent).collect(),
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

fn sent(span: &Span) -> Sent {
    let kind = match span.kind {
        Kind::Server => SpanKind::Server,
        Kind::Consumer => SpanKind::Consumer,
    };
    let attributes = span.attributes.iter();
    let error = Status {
        code: SpanStatus::Error.into(),
        ..Status::default()
    };
    Sent {
        trace_id: span.trace_id.to_be_bytes().into(),
        span_id: span.span_id.to_be_bytes().into(),
        parent_span_id: span
            .parent_id
            .map_or_else(Vec::new, |id| id.to_be_bytes().into()),
        flags: SAMPLED,
        name: span.name.to_owned(),
        kind: kind.into(),
        start_time_unix_nano: nanos(span.started),
        end_time_unix_nano: nanos(span.ended),
        attributes: attributes
            .map(|(key, value)| attribute(key, value))
            .collect(),
        status: span.failed.then_some(error),
        ..Sent::default()
    }
}

fn attribute(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}

/// Converts to nanoseconds since 1970.
fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
