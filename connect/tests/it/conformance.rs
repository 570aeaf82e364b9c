//! Requests of all kinds: each is answered as `openapi.json` says, which
//! [`Answer`](crate::answer::Answer) holds it to.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::{allows, operation};
use crate::broker::Broker;
use crate::eventually::eventually;
use crate::host::Host;
use crate::service::{SERVICE_TOKEN, Service, text};
use crate::stackone::stackone;

/// Requests: so many that each operation succeeds and is refused in each way that a caller brings
/// about.
const REQUESTS: usize = 1_000;
/// Sessions that they are about. A cancelled one is replaced.
const SESSIONS: usize = 4;

/// Each method and path of the document, who may ask there, and one that it has not.
const OPERATIONS: [(&str, &str, &[Bearer]); 13] = [
    ("POST", "/v1/link-sessions", TENANT),
    ("GET", "/v1/link-sessions", TENANT),
    ("GET", "/v1/link-sessions/SESSION", ANY),
    ("GET", "/v1/link-sessions/SESSION/events", ANY),
    ("POST", "/v1/link-sessions/SESSION/open", &[Bearer::Link]),
    ("POST", "/v1/link-sessions/SESSION/token", &[Bearer::Client]),
    (
        "POST",
        "/v1/link-sessions/SESSION/linked",
        &[Bearer::Client],
    ),
    ("POST", "/v1/link-sessions/SESSION/cancel", ANY),
    ("GET", "/v1/accounts", TENANT),
    ("GET", "/v1/accounts/a", TENANT),
    ("DELETE", "/v1/accounts/a", TENANT),
    ("PUT", "/v1/link-sessions", TENANT),
    ("GET", "/v1/none", TENANT),
];
const TENANT: &[Bearer] = &[Bearer::Service, Bearer::Host];
const ANY: &[Bearer] = &[Bearer::Service, Bearer::Host, Bearer::Client];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bearer {
    Service,
    Host,
    Client,
    Link,
    Garbage,
}

/// A request of this test.
#[derive(Debug, Clone)]
struct Asked {
    method: &'static str,
    path: String,
    query: &'static str,
    session: usize,
    bearer: Bearer,
    key: Option<&'static str>,
    body: Vec<u8>,
}

fn asked() -> impl Strategy<Value = Asked> {
    select(&OPERATIONS[..]).prop_flat_map(|(method, path, may)| {
        let id = prop_oneof![9 => Just(None), 1 => select(&IDS[..]).prop_map(Some)];
        let bearer = prop_oneof![6 => select(may), 1 => select(&BEARERS[..])];
        let query = prop_oneof![2 => Just("?tenant=t1"), 1 => Just(""), 1 => select(&QUERIES[..])];
        let key =
            prop_oneof![6 => Just(None), 1 => select(&["k", "key of two", ""][..]).prop_map(Some)];
        let body = match path.ends_with("linked") {
            true => body(json!({ "account_id": "a" })),
            false => body(json!({ "tenant": { "id": "t1", "name": "Acme" }, "channel": "link" })),
        };
        (0..SESSIONS, id, bearer, query, key, body).prop_map(
            move |(session, id, bearer, query, key, body)| Asked {
                method,
                path: match id {
                    Some(id) => path.replace("SESSION", id).replace("/a", &format!("/{id}")),
                    None => path.to_owned(),
                },
                query,
                session,
                bearer,
                key,
                body,
            },
        )
    })
}

/// What has to be among the answers, so that requests which nobody takes prove nothing.
const SEEN: [&str; 20] = [
    "createLinkSession 201",
    "createLinkSession 400",
    "createLinkSession 401",
    "createLinkSession 413",
    "createLinkSession 422",
    "listLinkSessions 200",
    "listLinkSessions 400",
    "getLinkSession 200",
    "getLinkSession 404",
    "followLinkSession 200",
    "openLinkSession 200",
    "mintToken 200",
    "mintToken 429",
    "reportLinked 204",
    "cancelLinkSession 204",
    "listAccounts 200",
    "getAccount 200",
    "deleteAccount 202",
    "none 404",
    "none 405",
];
const BEARERS: [Bearer; 5] = [
    Bearer::Service,
    Bearer::Host,
    Bearer::Client,
    Bearer::Link,
    Bearer::Garbage,
];
const IDS: [&str; 5] = [
    "x",
    "%2e%2e",
    "%ff",
    "%20",
    "00000000-0000-4000-8000-000000000000",
];
const QUERIES: [&str; 9] = [
    "?tenant=t2",
    "?tenant=",
    "?tenant=t1&tenant=t1",
    "?tenant=t1&project=none",
    "?tenant=t1&project=acme-1&state=created",
    "?tenant=t1&state=none",
    "?tenant=t1&cursor=",
    "?tenant=t1&cursor=a",
    "?tenant=%ff",
];

/// A body of which at most two members are changed, or none at all.
fn body(usual: Value) -> BoxedStrategy<Vec<u8>> {
    let members = select(vec![
        "account_id",
        "categories",
        "channel",
        "connector_profile_id",
        "expires_in",
        "label",
        "multiple",
        "owner",
        "project",
        "provider",
        "return_url",
        "tenant",
        "type",
    ]);
    let changes = proptest::collection::vec((members, any_value()), 0..3);
    let changed = changes.prop_map(move |changes| {
        let mut body = usual.clone();
        for (member, value) in changes {
            body[member] = value;
        }
        body.to_string().into_bytes()
    });
    let garbage = select(vec![
        &b""[..],
        b"{",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        &[b' '; 20_000],
    ]);
    prop_oneof![4 => changed, 1 => garbage.prop_map(<[u8]>::to_vec)].boxed()
}

fn any_value() -> impl Strategy<Value = Value> {
    select(vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(60),
        json!(1.5),
        json!(1_u64 << 32),
        json!(""),
        json!("a"),
        json!("hub"),
        json!("link"),
        json!("test"),
        json!("a\u{202e}b"),
        json!("é".repeat(200)),
        json!("https://evil.example.com/"),
        json!([]),
        json!(["hris"]),
        json!([7]),
        json!({}),
        json!({ "id": "t1" }),
        json!({ "id": "t2", "name": "Other" }),
        json!({ "id": "t1", "more": 1 }),
    ])
}

#[tokio::test]
async fn every_answer_is_one_of_the_document_whatever_is_asked() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready_with(&broker, &stackone, |settings| {
        settings.limits.sessions_per_tenant_and_hour = 10_000;
        settings.limits.tokens_per_tenant_and_hour = 10;
    })
    .await;
    broker.confirms("a", "t1", 1, "active").await;
    eventually("known", async || {
        let known = service.get("/v1/accounts/a?tenant=t1", SERVICE_TOKEN).await;
        (known.status() == 200).then_some(())
    })
    .await;
    let all = json!({ "scope": "link read disconnect" });
    let jwt = Host::new("k1", 1).token("t1", all);
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.push(service.create(json!({ "channel": "link" })).await);
    }
    let (mut runner, mut seen) = (TestRunner::deterministic(), BTreeSet::new());
    for _ in 0..REQUESTS {
        let asked = asked().new_tree(&mut runner).unwrap().current();
        let session = &mut sessions[asked.session];
        let bearer = match asked.bearer {
            Bearer::Service => SERVICE_TOKEN,
            Bearer::Host => &jwt,
            Bearer::Client => text(session, "client_token"),
            Bearer::Link => text(session, "link_url").split_once('#').unwrap().1,
            Bearer::Garbage => "garbage",
        };
        let method: Method = asked.method.parse().unwrap();
        let path = asked.path.replace("SESSION", text(session, "id"));
        let request = service.request(method.clone(), &format!("{path}{}", asked.query), bearer);
        let request = asked.key.into_iter().fold(request, |request, key| {
            request.header("idempotency-key", key)
        });
        let request = request.header("content-type", "application/json");
        let status = service
            .send(request.body(asked.body.clone()))
            .await
            .status();
        let Some(operation) = operation(&method, &path) else {
            seen.insert(format!("none {}", status.as_u16()));
            continue;
        };
        if operation.get("requestBody").is_some() {
            let body = serde_json::from_slice(&asked.body).ok();
            let is_allowed = body.as_ref().is_some_and(|body| allows(operation, body));
            let is_taken = status.is_success();
            assert!(is_allowed || !is_taken, "{asked:?} is taken");
            assert!(!(is_allowed && status == 400), "{asked:?} is malformed");
        }
        let name = text(operation, "operationId");
        seen.insert(format!("{name} {}", status.as_u16()));
        if path.ends_with("/cancel") && status.is_success() {
            *session = service.create(json!({ "channel": "link" })).await;
        }
    }
    let missed: Vec<_> = SEEN.iter().filter(|one| !seen.contains(**one)).collect();
    assert!(missed.is_empty(), "{missed:?} are not among {seen:#?}");
}
