//! A collector of traces, which takes what is sent by OTLP over HTTP.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpMessage as _, HttpRequest, HttpResponse, HttpServer, web};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;

type Bodies = Arc<Mutex<Vec<Bytes>>>;

/// A collector that runs for as long as the test.
pub(crate) struct Collector {
    /// Its address, as `telemetry.otlp_endpoint` wants it.
    pub(crate) endpoint: String,
    bodies: Bodies,
}

/// A span as it came.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) service: String,
    pub(crate) kind: SpanKind,
    /// In hex; empty for none.
    pub(crate) parent: String,
    pub(crate) took: Duration,
    pub(crate) attributes: BTreeSet<(String, String)>,
    trace: String,
    id: String,
}

/// An attribute of ours.
pub(crate) fn attribute((name, value): (&str, &str)) -> (String, String) {
    (format!("stackone.{name}"), value.to_owned())
}

impl Collector {
    pub(crate) fn start() -> Self {
        let bodies = Bodies::default();
        let kept = Data::new(Arc::clone(&bodies));
        let app = move || {
            App::new()
                .app_data(kept.clone())
                .route("/v1/traces", web::post().to(take))
        };
        let server = HttpServer::new(app).workers(1).disable_signals();
        let server = server.bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", server.addrs()[0]);
        tokio::spawn(server.run());
        Self { endpoint, bodies }
    }

    /// The span with these ids, in hex. It came once.
    pub(crate) fn span(&self, trace: &str, id: &str) -> Taken {
        let spans = self.spans();
        let is_it = |span: &&Taken| span.trace == trace && span.id == id;
        let found: Vec<_> = spans.iter().filter(is_it).collect();
        assert_eq!(found.len(), 1, "{id} of {trace} among {spans:?}");
        found[0].clone()
    }

    /// Whether this text came, in whatever part of a message.
    pub(crate) fn was_told(&self, text: &str) -> bool {
        let bodies = self.bodies.lock().unwrap();
        let has = |body: &Bytes| body.windows(text.len()).any(|part| part == text.as_bytes());
        bodies.iter().any(has)
    }

    fn spans(&self) -> Vec<Taken> {
        let bodies = self.bodies.lock().unwrap();
        let messages = bodies
            .iter()
            .map(|body| ExportTraceServiceRequest::decode(body.as_ref()).unwrap());
        let mut taken = Vec::new();
        for told in messages.flat_map(|message| message.resource_spans) {
            let resource = attributes(&told.resource.unwrap().attributes);
            let (name, service) = resource.into_iter().next().unwrap();
            assert_eq!(name, "service.name");
            let spans = told.scope_spans.into_iter().flat_map(|scope| scope.spans);
            taken.extend(spans.map(|span| Taken::of(&service, &span)));
        }
        taken
    }
}

impl Taken {
    fn of(service: &str, span: &Span) -> Self {
        assert_eq!((span.trace_id.len(), span.span_id.len()), (16, 8));
        let nanos = span.end_time_unix_nano - span.start_time_unix_nano;
        Self {
            service: service.to_owned(),
            kind: span.kind(),
            parent: hex(&span.parent_span_id),
            took: Duration::from_nanos(nanos),
            attributes: attributes(&span.attributes),
            trace: hex(&span.trace_id),
            id: hex(&span.span_id),
        }
    }
}

async fn take(request: HttpRequest, body: Bytes, bodies: Data<Bodies>) -> HttpResponse {
    assert_eq!(request.content_type(), "application/x-protobuf");
    bodies.lock().unwrap().push(body);
    HttpResponse::Ok().finish()
}

fn attributes(given: &[KeyValue]) -> BTreeSet<(String, String)> {
    let text = |attribute: &KeyValue| {
        let value = attribute.value.clone().unwrap().value.unwrap();
        let text = if let Value::StringValue(text) = value {
            Some(text)
        } else {
            None
        };
        (attribute.key.clone(), text.unwrap())
    };
    given.iter().map(text).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
