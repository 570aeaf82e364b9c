//! Generates the OpenAPI 3.1 document from the types that the routes read and write.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use stackone_link_schemas::AccountId;

use crate::input::NewSession;
use crate::problem::ProblemDocument;
use crate::routes::{
    AccountDocument, AccountsPage, ClientSession, CreatedSession, HintRequest, MintedToken,
    OpenedSession, SessionDocument, SessionsPage,
};
use crate::session::SessionState;

/// The security schemes of operations for a tenant.
const TENANT: [&str; 2] = ["serviceToken", "hostJwt"];
const ANY: [&str; 3] = ["serviceToken", "hostJwt", "clientToken"];

/// Generates the document.
#[must_use]
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut schemas = settings.into_generator();
    let paths = paths(&mut schemas);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "stackone-connect",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Link sessions: a tenant links an account, and the page knows when it is verified.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "http://127.0.0.1:8084" }],
        "paths": paths,
        "components": {
            "schemas": schemas.take_definitions(true),
            "securitySchemes": security_schemes(),
        },
    })
}

fn paths(schemas: &mut SchemaGenerator) -> Value {
    let problem = reference::<ProblemDocument>(schemas);
    let mut route = Routes {
        problem,
        paths: Map::new(),
    };
    let sessions = "/v1/link-sessions";
    let session = "/v1/link-sessions/{id}";
    let create = Operation::new("createLinkSession", "Make a link session", &TENANT)
        .body(reference::<NewSession>(schemas))
        .header(
            "Idempotency-Key",
            "The same key within 24 hours is the same session.",
        )
        .answer(
            201,
            "Made, or made before with this key",
            Some(reference::<CreatedSession>(schemas)),
        )
        .refusals(&[400, 401, 403, 404, 408, 413, 422, 429, 503]);
    route.add(sessions, "post", create);
    let list = Operation::new("listLinkSessions", "The tenant's link sessions", &TENANT)
        .tenant_query()
        .query_of(
            "state",
            "Only those in this state.",
            reference::<SessionState>(schemas),
        )
        .answer(
            200,
            "The newest first",
            Some(reference::<SessionsPage>(schemas)),
        );
    route.add(sessions, "get", list);
    let either = json!({ "anyOf": [reference::<SessionDocument>(schemas), reference::<ClientSession>(schemas)] });
    let read = Operation::new("getLinkSession", "A link session", &ANY)
        .tenant_query()
        .answer(200, "As the caller may see it", Some(either));
    route.add(session, "get", read);
    page_paths(schemas, &mut route);
    account_paths(schemas, &mut route);
    Value::Object(route.paths)
}

/// Adds the operations that a page calls.
fn page_paths(schemas: &mut SchemaGenerator, route: &mut Routes) {
    let events = Operation::new(
        "followLinkSession",
        "A link session, now and at each change",
        &ANY,
    )
    .tenant_query()
    .events()
    .refusals(&[400, 401, 403, 404, 422, 429, 503]);
    route.add("/v1/link-sessions/{id}/events", "get", events);
    let open = Operation::new("openLinkSession", "Open a mailed link", &["linkSecret"])
        .answer(
            200,
            "The person is there",
            Some(reference::<OpenedSession>(schemas)),
        )
        .refusals(&[401, 404, 409, 503]);
    route.add("/v1/link-sessions/{id}/open", "post", open);
    let token = Operation::new(
        "mintToken",
        "A session of StackOne's, made now",
        &["clientToken"],
    )
    .answer(
        200,
        "For the Hub, or to go to StackOne's own page",
        Some(reference::<MintedToken>(schemas)),
    )
    .refusals(&[401, 404, 409, 429, 502, 503]);
    route.add("/v1/link-sessions/{id}/token", "post", token);
    let linked = Operation::new(
        "reportLinked",
        "Pass on what the Hub said",
        &["clientToken"],
    )
    .body(reference::<HintRequest>(schemas))
    .answer(204, "Noted", None)
    .refusals(&[400, 401, 404, 408, 409, 413, 429, 503]);
    route.add("/v1/link-sessions/{id}/linked", "post", linked);
    let all = ["serviceToken", "hostJwt", "clientToken", "linkSecret"];
    let cancel = Operation::new("cancelLinkSession", "Give a link session up", &all)
        .tenant_query()
        .answer(204, "Given up, perhaps before", None)
        .refusals(&[400, 401, 403, 404, 409, 422, 503]);
    route.add("/v1/link-sessions/{id}/cancel", "post", cancel);
}

fn account_paths(schemas: &mut SchemaGenerator, route: &mut Routes) {
    let list = Operation::new(
        "listAccounts",
        "The tenant's accounts as last confirmed",
        &TENANT,
    )
    .tenant_query()
    .query_of(
        "cursor",
        "Where the page begins.",
        reference::<AccountId>(schemas),
    )
    .answer(200, "At most 100", Some(reference::<AccountsPage>(schemas)))
    .answer(304, "As If-None-Match has it", None);
    route.add("/v1/accounts", "get", list);
    let read = Operation::new("getAccount", "An account", &TENANT)
        .tenant_query()
        .answer(
            200,
            "As last confirmed",
            Some(reference::<AccountDocument>(schemas)),
        );
    route.add("/v1/accounts/{id}", "get", read);
    let delete = Operation::new("deleteAccount", "Disconnect an account", &TENANT)
        .tenant_query()
        .answer(
            202,
            "StackOne was told; that it is gone is said on the lifecycle topic",
            None,
        )
        .refusals(&[400, 401, 403, 404, 422, 502, 503]);
    route.add("/v1/accounts/{id}", "delete", delete);
}

fn reference<T: schemars::JsonSchema>(schemas: &mut SchemaGenerator) -> Value {
    schemas.subschema_for::<T>().to_value()
}

struct Routes {
    problem: Value,
    paths: Map<String, Value>,
}

impl Routes {
    fn add(&mut self, path: &str, method: &str, operation: Operation) {
        let entry = self.paths.entry(path).or_insert_with(|| {
            let id = json!([{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }]);
            if path.contains("{id}") { json!({ "parameters": id }) } else { json!({}) }
        });
        entry[method] = operation.into_json(&self.problem);
    }
}

/// One operation of the document.
struct Operation {
    json: Value,
    parameters: Vec<Value>,
    responses: Map<String, Value>,
    refusals: &'static [u16],
}

impl Operation {
    fn new(id: &str, summary: &str, security: &[&str]) -> Self {
        let security: Vec<_> = security
            .iter()
            .map(|scheme| json!({ *scheme: [] }))
            .collect();
        Self {
            json: json!({ "operationId": id, "summary": summary, "security": security }),
            parameters: Vec::new(),
            responses: Map::new(),
            refusals: &[400, 401, 403, 404, 422, 503],
        }
    }

    fn body(mut self, schema: Value) -> Self {
        let content = json!({ "application/json": { "schema": schema } });
        self.json["requestBody"] = json!({ "required": true, "content": content });
        self
    }

    fn query(self, name: &str, about: &str) -> Self {
        self.query_of(name, about, json!({ "type": "string" }))
    }

    fn query_of(mut self, name: &str, about: &str, schema: Value) -> Self {
        self.parameters
            .push(json!({ "name": name, "in": "query", "description": about, "schema": schema }));
        self
    }

    fn header(mut self, name: &str, about: &str) -> Self {
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": 255 });
        self.parameters
            .push(json!({ "name": name, "in": "header", "description": about, "schema": schema }));
        self
    }

    fn tenant_query(self) -> Self {
        self.query("tenant", "The tenant's id; with a service token only.")
            .query("project", "The project, where there are several.")
    }

    fn answer(mut self, status: u16, about: &str, schema: Option<Value>) -> Self {
        let mut response = json!({ "description": about });
        if let Some(schema) = schema {
            response["content"] = json!({ "application/json": { "schema": schema } });
        }
        self.responses.insert(status.to_string(), response);
        self
    }

    fn events(mut self) -> Self {
        let content = json!({ "text/event-stream": { "schema": { "type": "string" } } });
        let response = json!({ "description": "Events called `session`", "content": content });
        self.responses.insert("200".to_owned(), response);
        self
    }

    fn refusals(mut self, statuses: &'static [u16]) -> Self {
        self.refusals = statuses;
        self
    }

    fn into_json(mut self, problem: &Value) -> Value {
        for status in self.refusals {
            let content = json!({ "application/problem+json": { "schema": problem } });
            let response = json!({ "description": "Refused", "content": content });
            self.responses.insert(status.to_string(), response);
        }
        if !self.parameters.is_empty() {
            self.json["parameters"] = Value::Array(self.parameters);
        }
        self.json["responses"] = Value::Object(self.responses);
        self.json
    }
}

fn security_schemes() -> Value {
    let bearer = |about: &str| json!({ "type": "http", "scheme": "bearer", "description": about });
    json!({
        "serviceToken": bearer("A token of a caller inside the company; never in a page."),
        "hostJwt": bearer("A JWT that the host product signs."),
        "clientToken": bearer("The client token of one session."),
        "linkSecret": bearer("The secret of one mailed link."),
    })
}
