//! What browsers load, and which pages may call.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use serde_json::json;
use sha2::{Digest as _, Sha384};
use tempfile::TempDir;

use crate::answer::Answer;
use crate::broker::Broker;
use crate::service::{Service, text};
use crate::stackone::stackone;

const HUB: &str = "hub()";

pub(crate) fn integrity() -> String {
    format!("sha384-{}", BASE64_STANDARD.encode(Sha384::digest(HUB)))
}

/// A folder as `just hub` makes it.
pub(crate) fn hub() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("abc.js"), HUB).unwrap();
    let manifest = json!({
        "file": "abc.js", "sha256": "abc", "integrity": integrity(), "version": "1.2.3",
        "style_hashes": ["sha256-s"],
    });
    std::fs::write(folder.path().join("hub.json"), manifest.to_string()).unwrap();
    folder
}

async fn get(service: &Service, path: &str) -> Answer {
    let url = format!("http://{}{path}", service.public);
    service.send(service.client.get(url)).await
}

#[tokio::test]
async fn the_page_of_a_link_is_the_same_for_all_and_loads_little() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let page = get(&service, "/link/0c6f5a3e-6a0f-5d0a-9a52-3f3c1a2b7d11").await;
    assert_eq!(page.status(), 200);
    let headers = page.headers().clone();
    assert_eq!(headers["referrer-policy"], "no-referrer");
    assert_eq!(
        headers["cross-origin-opener-policy"],
        "same-origin-allow-popups"
    );
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["cache-control"], "no-store");
    let policy = headers["content-security-policy"].to_str().unwrap();
    let connects = format!("connect-src 'self' {}", stackone.uri());
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        &connects,
    ] {
        assert!(
            policy.split("; ").any(|directive| directive == part),
            "{part} in {policy}"
        );
    }
    let other = get(&service, "/link/anything").await;
    assert_eq!(page.text(), other.text());
}

#[tokio::test]
async fn the_page_of_a_link_is_framed_by_configured_pages_only() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready_with(&broker, &stackone, |settings| {
        let origins = ["https://portal.example.com", "https://app.example.com"];
        settings.pages.frame_ancestors = origins.map(str::to_owned).to_vec();
    })
    .await;
    let page = get(&service, "/link/x").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    let ancestors = "; frame-ancestors https://portal.example.com https://app.example.com; ";
    assert!(policy.contains(ancestors), "{policy}");
}

#[tokio::test]
async fn every_file_is_there_and_the_element_may_be_loaded_from_elsewhere() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let folder = hub();
    let service = Service::ready_with(&broker, &stackone, |settings| {
        settings.hub.folder = Some(folder.path().to_owned());
    })
    .await;
    let web = concat!(env!("CARGO_MANIFEST_DIR"), "/web");
    let parts = std::fs::read_dir(format!("{web}/connect")).unwrap();
    let parts = parts.map(|entry| format!("/connect/{}", entry.unwrap().file_name().display()));
    for path in parts.chain(["/connect.js".to_owned(), "/hub/abc.js".to_owned()]) {
        let file = get(&service, &path).await;
        assert_eq!(file.status(), 200, "{path}");
        assert_eq!(
            file.headers()["content-type"],
            "text/javascript; charset=utf-8"
        );
        assert_eq!(file.headers()["access-control-allow-origin"], "*", "{path}");
        let is_hashed = file.headers()["cache-control"]
            .to_str()
            .unwrap()
            .contains("immutable");
        assert_eq!(is_hashed, path.starts_with("/hub/"));
    }
    for path in ["/link.js", "/link.css"] {
        assert_eq!(get(&service, path).await.status(), 200, "{path}");
    }
    for path in [
        "/hub/hub.json",
        "/hub/..%2fhub.json",
        "/connect/none.js",
        "/other.js",
        "/",
    ] {
        assert_eq!(get(&service, path).await.status(), 404, "{path}");
    }
    let policy = get(&service, "/link/x").await.headers()["content-security-policy"].clone();
    assert!(
        policy
            .to_str()
            .unwrap()
            .contains("style-src 'self' 'sha256-s'")
    );
    let made = service.create(json!({})).await;
    let (token, path) = (
        text(&made, "client_token"),
        crate::service::path(&made, "/token"),
    );
    let minted = service.post(&path, token, &json!({})).await;
    let minted: serde_json::Value = minted.json();
    let hub = json!({"script_url": "http://127.0.0.1:8084/hub/abc.js", "integrity": integrity(), "base_url": stackone.uri()});
    assert_eq!(minted["hub"], hub);
}

#[tokio::test]
async fn a_configured_page_may_call_without_credentials_and_no_other() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready_with(&broker, &stackone, |settings| {
        settings.cors.origins = vec!["https://app.example.com".to_owned()];
    })
    .await;
    let url = format!("http://{}/v1/link-sessions", service.public);
    for (origin, allowed) in [
        ("https://app.example.com", true),
        ("https://app.example.com.evil.example", false),
        ("null", false),
    ] {
        let asks = service.client.request(Method::OPTIONS, &url);
        let asks = asks
            .header("origin", origin)
            .header("access-control-request-method", "POST");
        let answer = service.send(asks).await;
        assert_eq!(answer.status(), 204);
        let headers = answer.headers();
        assert_eq!(
            headers.contains_key("access-control-allow-origin"),
            allowed,
            "{origin}"
        );
        assert!(!headers.contains_key("access-control-allow-credentials"));
        if allowed {
            let may = headers["access-control-allow-headers"].to_str().unwrap();
            assert_eq!(may, "Authorization, Content-Type, Idempotency-Key");
        }
        let get = service.client.get(&url).header("origin", origin);
        let answer = service.send(get).await;
        assert_eq!(answer.status(), 401);
        assert_eq!(
            answer.headers().contains_key("access-control-allow-origin"),
            allowed
        );
        assert_eq!(answer.headers()["vary"], "Origin");
    }
}

#[tokio::test]
async fn another_method_and_another_path_are_told_apart() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let service = Service::ready(&broker, &stackone).await;
    let url = |path: &str| format!("http://{}{path}", service.public);
    let put = service.client.put(url("/v1/link-sessions"));
    let put = service.send(put).await;
    assert_eq!(put.status(), 405);
    assert_eq!(put.headers()["allow"], "GET, POST");
    assert_eq!(get(&service, "/v1/other").await.status(), 404);
}
