//! Webhooks as the other side receives them.

use std::num::NonZeroU32;
use std::time::Duration;

use serde_json::Value;
use stackone_simulator::{
    CustomWebhook, DeliveryOutcome, DeliverySettings, NewAccount, Notify, RetrySchedule,
    SIGNATURE_HEADER, Simulator, SimulatorConfig, Tamper, WebhookTarget, sign, sign_hex,
};
use wiremock::{MockServer, Request};

use crate::stage::{
    PROJECT, SECRET, config_for, get_json, received, receiver, start, within_deadline,
};

fn json(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn signature(request: &Request) -> &str {
    request.headers[SIGNATURE_HEADER].to_str().unwrap()
}

fn is_rightly_signed(request: &Request) -> bool {
    signature(request) == sign(SECRET.as_bytes(), &request.body)
}

fn soon() -> RetrySchedule {
    RetrySchedule {
        first: Duration::from_millis(5),
        longest: Duration::from_millis(20),
        attempts: NonZeroU32::new(4).unwrap(),
    }
}

/// One project whose webhooks go to `receiver`, again and again as this schedule has it.
async fn retrying(receiver: &MockServer, retry: RetrySchedule) -> Simulator {
    let mut config = config_for(receiver);
    config.delivery.retry = retry;
    start(config).await
}

#[tokio::test]
async fn each_change_is_announced_signed_and_dated_as_the_api_dates_it() {
    let receiver = receiver(&[]).await;
    let simulator = start(config_for(&receiver)).await;
    let id = simulator.link(&NewAccount::default()).unwrap();
    let path = format!("/accounts/{id}");
    let linked = get_json(&simulator, &path).await;
    within_deadline(simulator.settled()).await;
    simulator.refresh_credentials(&id, Notify::Send).unwrap();
    let refreshed = get_json(&simulator, &path).await;
    within_deadline(simulator.settled()).await;
    simulator.unlink(&id, Notify::Send).unwrap();

    let webhooks = received(&simulator, &receiver).await;
    let bodies: Vec<Value> = webhooks.iter().map(json).collect();
    let events: Vec<_> = bodies
        .iter()
        .map(|body| body["event"].as_str().unwrap())
        .collect();
    assert_eq!(
        events,
        ["account.created", "account.updated", "account.deleted"]
    );
    assert_eq!(bodies[0]["event_date"], linked["created_at"]);
    assert_eq!(bodies[1]["event_date"], refreshed["updated_at"]);
    for (webhook, body) in webhooks.iter().zip(&bodies) {
        assert!(is_rightly_signed(webhook));
        assert_eq!(webhook.headers["content-type"], "application/json");
        assert_eq!(
            (&body["project_id"], &body["record_type"]),
            (&PROJECT.into(), &"account".into())
        );
        assert_eq!(
            (&body["account_id"], &body["record_id"]),
            (&id.as_str().into(), &id.as_str().into())
        );
        assert!(body["sent_at"].as_str() > body["event_date"].as_str());
        assert!(body.get("status").is_none());
    }
}

#[tokio::test]
async fn a_webhook_that_is_not_answered_200_is_sent_again_byte_for_byte() {
    let receiver = receiver(&[503, 204]).await;
    let simulator = retrying(&receiver, soon()).await;
    let mut deliveries = simulator.deliveries();
    simulator.link(&NewAccount::default()).unwrap();
    let webhooks = received(&simulator, &receiver).await;
    assert_eq!(webhooks.len(), 3);
    assert!(
        webhooks
            .iter()
            .all(|webhook| webhook.body == webhooks[0].body)
    );
    let mut seen = Vec::new();
    for _ in 0..3 {
        let delivery = deliveries.recv().await.unwrap();
        seen.push((
            delivery.attempt,
            delivery.status(),
            delivery.retry_in.is_some(),
        ));
    }
    assert_eq!(
        seen,
        [
            (1, Some(503), true),
            (2, Some(204), true),
            (3, Some(200), false)
        ]
    );
}

#[tokio::test]
async fn a_retry_may_have_a_new_sent_at_and_a_new_signature() {
    let receiver = receiver(&[500]).await;
    let delivery = DeliverySettings {
        retry: soon(),
        refresh_sent_at: true,
        ..DeliverySettings::default()
    };
    let simulator = start(SimulatorConfig {
        delivery,
        ..config_for(&receiver)
    })
    .await;
    simulator.link(&NewAccount::default()).unwrap();
    let webhooks = received(&simulator, &receiver).await;
    assert_ne!(json(&webhooks[0])["sent_at"], json(&webhooks[1])["sent_at"]);
    assert_eq!(
        json(&webhooks[0])["event_date"],
        json(&webhooks[1])["event_date"]
    );
    assert_ne!(signature(&webhooks[0]), signature(&webhooks[1]));
    assert!(webhooks.iter().all(is_rightly_signed));
}

#[tokio::test]
async fn a_webhook_that_is_never_answered_200_is_given_up() {
    let receiver = receiver(&[500; 4]).await;
    let simulator = retrying(&receiver, soon()).await;
    simulator.link(&NewAccount::default()).unwrap();
    assert_eq!(received(&simulator, &receiver).await.len(), 4);
    let counts = simulator.delivered();
    assert_eq!(
        (counts.webhooks, counts.refused, counts.given_up),
        (1, 4, 1)
    );
}

#[tokio::test]
async fn nobody_listening_is_an_attempt_without_an_answer() {
    let receiver = receiver(&[]).await;
    let simulator = retrying(&receiver, RetrySchedule::never()).await;
    let target = WebhookTarget {
        url: "http://127.0.0.1:1/".parse().unwrap(),
        secret: SECRET.into(),
    };
    simulator.set_webhook(PROJECT, Some(target)).unwrap();
    simulator.link(&NewAccount::default()).unwrap();
    within_deadline(simulator.settled()).await;
    let delivery = simulator.newest_deliveries(1).remove(0);
    assert!(matches!(
        delivery.outcome,
        DeliveryOutcome::Unanswered { .. }
    ));
}

#[tokio::test]
async fn a_tampered_webhook_does_not_fit_its_signature_and_is_sent_once() {
    let receiver = receiver(&[401; 3]).await;
    let simulator = retrying(&receiver, soon()).await;
    for tamper in [Tamper::Body, Tamper::Signature, Tamper::Encoding] {
        let forged = CustomWebhook::new("account.created", &"victim".into()).tampered(tamper);
        simulator.send_webhook(forged).unwrap();
        within_deadline(simulator.settled()).await;
    }
    let webhooks = received(&simulator, &receiver).await;
    assert_eq!(webhooks.len(), 3);
    assert!(!webhooks.iter().any(is_rightly_signed));
    assert_eq!(
        signature(&webhooks[2]),
        sign_hex(SECRET.as_bytes(), &webhooks[2].body)
    );
    assert_eq!(simulator.delivered().given_up, 3);
}

#[tokio::test]
async fn any_event_and_any_bytes_can_be_sent() {
    let receiver = receiver(&[]).await;
    let simulator = start(config_for(&receiver)).await;
    let id = "an-account".into();
    simulator
        .send_webhook(CustomWebhook::new("hris_employees.updated", &id))
        .unwrap();
    within_deadline(simulator.settled()).await;
    simulator
        .send_webhook(CustomWebhook::raw("not JSON"))
        .unwrap();
    let webhooks = received(&simulator, &receiver).await;
    let record = json(&webhooks[0]);
    assert_eq!(
        (&record["record_type"], &record["account_id"]),
        (&"employees".into(), &"an-account".into())
    );
    assert!(record.get("provider").is_none());
    assert_eq!(webhooks[1].body, b"not JSON");
    assert!(webhooks.iter().all(is_rightly_signed));
}
