//! Webhooks that are lost, copied, reordered, repeated, or come at random.

use std::num::NonZeroU32;

use serde_json::Value;
use stackone_simulator::{AccountStatus, DeliveryOutcome, Disturbance, NewAccount, Notify};
use wiremock::Request;

use crate::stage::{config_for, received, receiver, start, within_deadline};

fn json(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

#[tokio::test]
async fn a_webhook_can_be_lost_or_not_exist() {
    let receiver = receiver(&[]).await;
    let simulator = start(config_for(&receiver)).await;
    let lost = NewAccount {
        notify: Notify::Lose,
        ..NewAccount::default()
    };
    let id = simulator.link(&lost).unwrap();
    simulator
        .set_status(&id, AccountStatus::Error, vec![], Notify::Silent)
        .unwrap();
    assert!(received(&simulator, &receiver).await.is_empty());
    let counts = simulator.delivered();
    assert_eq!((counts.webhooks, counts.lost, counts.delivered), (1, 1, 0));
    assert_eq!(
        simulator.newest_deliveries(9)[0].outcome,
        DeliveryOutcome::Lost
    );
}

#[tokio::test]
async fn webhooks_can_be_copied_lost_and_reordered() {
    let receiver = receiver(&[]).await;
    let mut config = config_for(&receiver);
    config.delivery.concurrency = NonZeroU32::MIN;
    config.disturbance = Disturbance {
        lose_next: 1,
        copies: NonZeroU32::new(2).unwrap(),
        reorder_window: 2,
        ..Disturbance::default()
    };
    let simulator = start(config).await;
    for id in ["lost", "first", "second"] {
        let new = NewAccount {
            id: Some(id.into()),
            ..NewAccount::default()
        };
        simulator.link(&new).unwrap();
    }
    let webhooks = received(&simulator, &receiver).await;
    let ids: Vec<_> = webhooks
        .iter()
        .map(|webhook| json(webhook)["account_id"].clone())
        .collect();
    assert_eq!(ids, ["second", "second", "first", "first"]);
    assert_eq!(webhooks[0].body, webhooks[1].body);
    assert_eq!(simulator.disturbance().lose_next, 0);
}

#[tokio::test]
async fn a_webhook_held_for_reordering_goes_out_even_if_no_other_comes() {
    let receiver = receiver(&[]).await;
    let mut config = config_for(&receiver);
    config.disturbance.reorder_window = 10;
    let simulator = start(config).await;
    simulator.link(&NewAccount::default()).unwrap();
    assert_eq!(received(&simulator, &receiver).await.len(), 1);
}

#[tokio::test]
async fn a_webhook_can_be_delivered_once_more() {
    let receiver = receiver(&[]).await;
    let simulator = start(config_for(&receiver)).await;
    let mut deliveries = simulator.deliveries();
    simulator.link(&NewAccount::default()).unwrap();
    let first = within_deadline(deliveries.recv()).await.unwrap();
    assert!(simulator.redeliver(first.webhook));
    assert!(!simulator.redeliver(999));
    let webhooks = received(&simulator, &receiver).await;
    assert_eq!(webhooks[0].body, webhooks[1].body);
    let second = deliveries.recv().await.unwrap();
    assert_eq!((second.webhook, second.copy), (first.webhook, 2));
}

#[tokio::test]
async fn traffic_links_accounts_and_announces_them() {
    let receiver = receiver(&[]).await;
    let mut config = config_for(&receiver);
    config.traffic_rate = NonZeroU32::new(6_000);
    let simulator = start(config).await;
    let mut deliveries = simulator.deliveries();
    within_deadline(async {
        for _ in 0..20 {
            assert!(deliveries.recv().await.unwrap().is_delivered());
        }
    })
    .await;
    within_deadline(simulator.shutdown()).await;
    let first = &receiver.received_requests().await.unwrap()[0];
    assert_eq!(json(first)["event"], "account.created");
}
