//! Two replicas of connect on one log, on which a broker sets the time and transactions have their
//! places.

use harness::{Pipeline, WITHIN, eventually};
use serde_json::json;
use stackone_simulator::{AccountStatus, NewAccount, Notify};

use super::Page;
use super::replica::Replica;

/// A pipeline with a processor's settings for one project, and two replicas.
async fn two_of(test: &str) -> (Pipeline, Replica, Replica) {
    let pipeline = Pipeline::start(test).await;
    let kafka = || pipeline.broker.kafka_config();
    let one = Replica::ready(&pipeline, kafka()).await;
    let other = Replica::ready(&pipeline, kafka()).await;
    (pipeline, one, other)
}

/// Waits until the session has come to an end, the same on both; which.
async fn decided(one: &Replica, other: &Replica, page: &Page) -> String {
    let decided = eventually("both have decided alike", WITHIN, async || {
        let (a, b) = (one.calls.state(page).await, other.calls.state(page).await);
        let is_final = ["verified", "cancelled"].contains(&a.as_str());
        match is_final && a == b {
            true => Ok(a),
            false => Err(format!("{a}, {b}")),
        }
    });
    decided.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn on_kafka_one_idempotency_key_is_one_session_that_each_replica_serves() {
    let (pipeline, one, other) = two_of("connect-key").await;
    for round in 0..5 {
        let (tenant, key) = (format!("t{round}"), format!("order-{round}"));
        let ((_, first), (_, second)) = tokio::join!(
            one.calls.asked_for(&tenant, Some(&key)),
            other.calls.asked_for(&tenant, Some(&key)),
        );
        assert_eq!(first["id"], second["id"], "{first} {second}");
        let (status, made) = one.calls.asked_for(&tenant, None).await;
        assert_eq!(status, 201, "{made}");
        // Its token is right: whoever has not read it yet waits for it.
        assert_eq!(other.calls.state(&Page::of(&made)).await, "created");
    }
    one.stopped().await;
    other.stopped().await;
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn on_kafka_a_session_cancelled_and_settled_at_once_ends_alike_on_both_replicas_and_stays_so()
{
    let (pipeline, one, other) = two_of("connect-cancel").await;
    let processor = pipeline.processor("a").unwrap();
    let mut all = Vec::new();
    for round in 0..8 {
        let tenant = format!("t{round}");
        let page = one.calls.page(&tenant).await;
        let account = NewAccount::new("hibob", &tenant, "Acme");
        let account = pipeline.simulator.link(&account).unwrap();
        if round % 2 == 0 {
            // About when the account is confirmed, so that each comes first now and then.
            let seen = eventually("the account is confirmed", WITHIN, async || {
                let health = one.calls.health(&tenant, account.as_str()).await;
                health.ok_or_else(|| "not yet".to_owned())
            });
            seen.await.unwrap();
        }
        let _raced = other.calls.call(&page, "cancel", &json!({})).await;
        let state = decided(&one, &other, &page).await;
        all.push((tenant, account, page, state));
    }
    let page = one.calls.page("last").await;
    let account = pipeline
        .simulator
        .link(&NewAccount::new("hibob", "last", "Acme"));
    let verified = decided(&one, &other, &page).await;
    assert_eq!(verified, "verified");
    all.push(("last".to_owned(), account.unwrap(), page, verified));
    // Whatever becomes of its account later.
    for (tenant, account, ..) in &all {
        let degraded = AccountStatus::Error;
        let changed = pipeline
            .simulator
            .set_status(account, degraded, vec![], Notify::Send);
        changed.unwrap();
        let seen = eventually("the account is degraded", WITHIN, async || {
            let health = one
                .calls
                .health(tenant, account.as_str())
                .await
                .unwrap_or_default();
            (health == "needs_reauth").then_some(()).ok_or(health)
        });
        seen.await.unwrap();
    }
    one.stopped().await;
    let again = Replica::ready(&pipeline, pipeline.broker.kafka_config()).await;
    for (tenant, _, page, state) in &all {
        assert_eq!(again.calls.state(page).await, *state, "{tenant}");
        assert_eq!(other.calls.state(page).await, *state, "{tenant}");
    }
    again.stopped().await;
    other.stopped().await;
    processor.stop_with(pipeline).await;
}
