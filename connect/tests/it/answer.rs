//! An answer, which is one that `openapi.json` has for its request, or the test has failed.

use std::sync::LazyLock;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

static DOCUMENT: LazyLock<Value> = LazyLock::new(stackone_connect::openapi::document);
/// Its schemas, none of which allows a member that it does not name.
static CLOSED: LazyLock<Value> = LazyLock::new(|| {
    let mut components = DOCUMENT["components"].clone();
    for schema in components["schemas"].as_object_mut().unwrap().values_mut() {
        if schema.get("properties").is_some() {
            schema["unevaluatedProperties"] = json!(false);
        }
    }
    components
});

/// An answer that was read; a stream is not.
pub(crate) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
}

enum Body {
    Read(Vec<u8>),
    Stream(Response),
}

impl Answer {
    pub(crate) async fn read(method: &Method, path: &str, response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let kind = kind(&headers).unwrap_or_default();
        let body = match kind == "text/event-stream" {
            true => Body::Stream(response),
            false => Body::Read(response.bytes().await.unwrap().to_vec()),
        };
        let answer = Self {
            status,
            headers,
            body,
        };
        if path.starts_with("/v1/") && *method != Method::OPTIONS {
            answer.hold(method, path, &kind);
        }
        answer
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes().to_vec()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(self.bytes()).unwrap()
    }

    pub(crate) fn into_stream(self) -> Response {
        match self.body {
            Body::Stream(response) => response,
            Body::Read(body) => panic!("no stream, but {}", String::from_utf8_lossy(&body)),
        }
    }

    fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Read(body) => body,
            Body::Stream(_) => panic!("a stream has no end"),
        }
    }

    /// Holds it against what the document says of its operation, or of a path that has none.
    fn hold(&self, method: &Method, path: &str, kind: &str) {
        let status = self.status.as_u16();
        let says = format!("{method} {path}: {status} {kind}");
        let schema = match operation(method, path) {
            Some(operation) => {
                let response = &operation["responses"][status.to_string()];
                assert!(response.is_object(), "{says}: a status that it has not");
                let Some(content) = response.get("content") else {
                    return assert!(self.bytes().is_empty(), "{says}: a body");
                };
                let content = content.get(kind);
                content.unwrap_or_else(|| panic!("{says}: a type that it has not"))["schema"]
                    .clone()
            }
            None => {
                assert!([404, 405, 503].contains(&status), "{says}");
                assert_eq!(kind, "application/problem+json", "{says}");
                json!({ "$ref": "#/components/schemas/ProblemDocument" })
            }
        };
        if let Body::Read(body) = &self.body {
            let body: Value = serde_json::from_slice(body).unwrap();
            let schema = json!({ "components": *CLOSED, "allOf": [schema] });
            let valid = jsonschema::validate(&schema, &body);
            assert!(valid.is_ok(), "{says}: {body}: {valid:?}");
        }
    }
}

fn kind(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    kind.split(';').next().map(str::to_owned)
}

/// What the document says of a request; nothing where it has no such path or method.
pub(crate) fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let parts: Vec<_> = path.split('/').collect();
    let is_it = |template: &&String| {
        let template: Vec<_> = template.split('/').collect();
        let mut both = template.iter().zip(&parts);
        template.len() == parts.len() && both.all(|(of, part)| of == part || *of == "{id}")
    };
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let template = paths.keys().find(is_it)?;
    paths[template].get(method.as_str().to_ascii_lowercase())
}

/// Whether the document allows the body of a request.
pub(crate) fn allows(operation: &Value, body: &Value) -> bool {
    let content = &operation["requestBody"]["content"]["application/json"];
    let schema = json!({ "components": DOCUMENT["components"], "allOf": [content["schema"]] });
    jsonschema::is_valid(&schema, body)
}
