//! Requests that schemathesis derives from `openapi.json`, and what it makes of the answers. Only
//! `just schemathesis` runs it: it needs the program, whose path is in `SCHEMATHESIS`.
#![expect(
    clippy::disallowed_methods,
    reason = "a test starts threads as it likes"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should say so and stop"
)]
#![expect(dead_code, reason = "the other tests use more of what is shared")]

#[path = "it/answer.rs"]
mod answer;
#[path = "it/broker.rs"]
mod broker;
#[path = "it/eventually.rs"]
mod eventually;
#[path = "it/host.rs"]
mod host;
#[path = "it/service.rs"]
mod service;
#[path = "it/stackone.rs"]
mod stackone;

use std::process::Command;

use serde_json::json;

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::service::{SERVICE_TOKEN, Service, text};
use crate::stackone::stackone;

/// Beside the document.
const SETTINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemathesis.toml");
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

#[tokio::test]
async fn schemathesis_finds_no_answer_that_the_document_has_not() {
    let program = std::env::var_os("SCHEMATHESIS");
    let program = program.expect("`just schemathesis` says where the program is");
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready_with(&broker, &stackone, |settings| {
        settings.limits.sessions_per_tenant_and_hour = 100_000;
        settings.limits.tokens_per_tenant_and_hour = 10;
        settings.stackone.requests_per_minute = 100_000;
    })
    .await;
    broker.confirms("a", "t1", 1, "active").await;
    eventually("known", async || {
        let known = service.get("/v1/accounts/a?tenant=t1", SERVICE_TOKEN).await;
        (known.status() == 200).then_some(())
    })
    .await;
    let open = service.create(json!({"channel": "link"})).await;
    let over = service.create(json!({})).await;
    assert_eq!(service.call(&over, "/cancel", &json!({})).await, 204);
    let secret = text(&open, "link_url").split_once('#').unwrap().1;
    let mut command = Command::new(program);
    command
        .args(["--config-file", SETTINGS, "run", DOCUMENT, "--no-color"])
        .arg(format!("--url=http://{}", service.public))
        .current_dir(service.folder.path())
        .env("SERVICE_TOKEN", SERVICE_TOKEN)
        .env("OPEN", text(&open, "id"))
        .env("CLIENT_TOKEN", text(&open, "client_token"))
        .env("LINK_SECRET", secret)
        .env("OVER", text(&over, "id"))
        .env("OVER_TOKEN", text(&over, "client_token"));
    // The service is served by this very thread.
    let ran = tokio::task::spawn_blocking(move || command.output());
    let ran = ran.await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    let trouble = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}{trouble}");
}
