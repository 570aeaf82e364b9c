//! Services that come with tokens, to a broker with Kafka's own validator that wants another token
//! of each connection every 10 s.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use harness::{Pipeline, Setup, WITHIN, eventually};
use serde_json::json;
use stackone_link_transport::{Extensions, Security, TokenSettings};
use stackone_link_wire::Topic;
use stackone_simulator::NewAccount;
use tempfile::TempDir;
use tokio::time::interval;

use super::broker;
use super::entry::{is_ready, is_told, is_told_everywhere};
use super::load::{MEANWHILE, links_all_while};
use super::provider::Provider;
use crate::ingest_conservation::setting;

/// How long a token lives. The broker would hang up on whoever still has the first after that.
const LIFETIME: i64 = 15;
/// For how many seconds the identity provider is down, where the environment does not say: past the
/// end of each token, and past the 10 s after which a connection has to come with another.
const DOWN: u64 = 30;
/// How often a file gets another token.
const RENEWED_EVERY: Duration = Duration::from_secs(5);

pub(super) async fn oauth(token: TokenSettings) -> Security {
    Security::OauthTls {
        ca_file: Some(broker().await.file("ca")),
        token,
        // Kafka's validator ignores them; who sends them where they are not known is not refused.
        extensions: Extensions {
            logical_cluster: Some("lkc-1".to_owned()),
            identity_pool_id: None,
        },
    }
}

pub(super) fn in_file(file: PathBuf, audience: Option<&str>) -> TokenSettings {
    let audience = audience.map(str::to_owned);
    TokenSettings::TokenFile { file, audience }
}

/// Links accounts until `tokens` is so many: the first ones have ended by then, and each connection
/// has come with several.
async fn links_all_under_load(test: &str, security: Security, tokens: &AtomicUsize, many: usize) {
    let secured = broker().await;
    let broker = secured.for_services(secured.oauth(), security.clone(), security);
    links_all_while(test, broker, async |_, _| {
        let renewed = eventually("tokens are renewed", MEANWHILE, async || {
            let renewed = tokens.load(Ordering::Relaxed);
            (renewed >= many).then_some(()).ok_or(renewed)
        });
        renewed.await.unwrap();
    })
    .await;
}

/// Puts a token into a file as Kubernetes does: another file takes its place.
pub(super) fn put(file: &Path, token: &str) {
    let next = file.with_extension("next");
    std::fs::write(&next, token).unwrap();
    std::fs::rename(&next, file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_end_are_replaced_from_their_file_and_no_account_is_missed() {
    let secured = broker().await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("token");
    put(&file, &secured.token([0, LIFETIME], json!({})));
    let (renewed, tokens) = (file.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&tokens);
    let renewal = tokio::spawn(async move {
        let mut ticks = interval(RENEWED_EVERY);
        loop {
            ticks.tick().await;
            put(&renewed, &secured.token([0, LIFETIME], json!({})));
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let security = oauth(in_file(file, Some("kafka"))).await;
    links_all_under_load("oauth-file", security, &tokens, 9).await;
    renewal.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_an_identity_provider_are_renewed_before_their_end_and_no_account_is_missed() {
    let secured = broker().await;
    let provider = Provider::new("application/json", move || {
        let token = secured.token([0, LIFETIME], json!({}));
        Some(json!({"access_token": token, "expires_in": LIFETIME}).to_string())
    });
    let (provider, folder) = (provider.await, TempDir::new().unwrap());
    let security = oauth(provider.settings(&folder)).await;
    // Both services are in this process and share a token, which is fetched every 12 s.
    let began = Instant::now();
    links_all_under_load("oauth-oidc", security, &provider.asked, 4).await;
    assert!(began.elapsed() > RENEWED_EVERY * 6, "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_without_a_good_token_is_told_why_and_what_to_look_at() {
    let secured = broker().await;
    let folder = TempDir::new().unwrap();
    let html = Provider::new("text/html", || Some("<html>sign in</html>".to_owned())).await;
    let down = Provider::new("text/html", || None).await;
    let other = secured.token([0, 3600], json!({"aud": "other"}));
    let from_the_future = secured.token([-300, 3600], json!({"nbf": 4_102_444_800_u64}));
    let token = |name: &str, content: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        file
    };
    for (test, settings, word) in [
        (
            "no-token",
            in_file(folder.path().join("none"), None),
            "cannot read",
        ),
        (
            "no-jwt",
            in_file(token("opaque", "opaque"), None),
            "is no JWT",
        ),
        (
            "expired",
            in_file(token("old", &secured.token([600, -300], json!({}))), None),
            "by this machine's clock",
        ),
        (
            "for-others",
            in_file(token("other", &other), Some("kafka")),
            "is for other, not for kafka",
        ),
        (
            "refused",
            in_file(token("refused", &other), None),
            "invalid_token",
        ),
        (
            "clock",
            in_file(token("future", &from_the_future), None),
            "clock differs by",
        ),
        ("down", down.settings(&folder), "identity provider"),
        (
            "html",
            html.settings(&folder),
            "text/html instead of a token",
        ),
    ] {
        let test = format!("oauth-{test}");
        let words = [word, "kafka.security.token"];
        is_told_everywhere(&test, secured.oauth(), oauth(settings).await, words).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_past_a_tokens_end_is_named_and_services_come_back_by_themselves() {
    let secured = broker().await;
    let is_up = Arc::new(AtomicBool::new(true));
    let is_serving = Arc::clone(&is_up);
    let provider = Provider::new("application/json", move || {
        let token = secured.token([0, LIFETIME], json!({}));
        let answer = json!({"access_token": token, "expires_in": LIFETIME}).to_string();
        is_serving.load(Ordering::Relaxed).then_some(answer)
    });
    let (provider, folder) = (provider.await, TempDir::new().unwrap());
    let security = oauth(provider.settings(&folder)).await;
    let broker = secured.for_services(secured.oauth(), security.clone(), security);
    let pipeline = Pipeline::on(broker, "oauth-down", Setup::default()).await;
    let processor = pipeline.processor("a").unwrap();
    let mut linked = pipeline.reader(Topic::Linked);
    let new = NewAccount::new("hibob", "t", "Acme");
    pipeline.simulator.link(&new).unwrap();
    linked.events(1).await;
    is_up.store(false, Ordering::Relaxed);
    let down = Duration::from_secs(setting("TOKEN_PROVIDER_DOWN", DOWN));
    let began = Instant::now();
    let words = ["identity provider", "connection failed"];
    is_told(&processor.admin, "kafka_credentials", words).await;
    let passed = eventually("it was down for so long", down + WITHIN, async || {
        let so_far = began.elapsed();
        (so_far >= down).then_some(()).ok_or(format!("{so_far:?}"))
    });
    passed.await.unwrap();
    pipeline.simulator.link(&new).unwrap();
    let refused = eventually("its webhook is refused", WITHIN, async || {
        let counts = pipeline.simulator.delivered();
        let is_refused = counts.refused > 0;
        is_refused.then_some(()).ok_or(format!("{counts:?}"))
    });
    refused.await.unwrap();
    is_up.store(true, Ordering::Relaxed);
    let back = Instant::now();
    for admin in [&processor.admin, &pipeline.ingest_admin] {
        is_ready(admin).await;
    }
    let after = back.elapsed();
    let line = format!("identity provider: down for {down:?}, both services ready after {after:?}");
    writeln!(std::io::stderr().lock(), "{line}").unwrap();
    linked.events(2).await;
    processor.stop_with(pipeline).await;
}
