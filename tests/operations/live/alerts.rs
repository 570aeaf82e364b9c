//! Alerts fire when the services are broken, and not before.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{WITHIN, eventually};
use stackone_simulator::{CustomWebhook, Fault, FaultRule, Notify, Operation, Tamper};

use super::prometheus::Rules;
use super::stage::Stage;
use crate::tools::is_there;

impl Stage {
    async fn firing(&self) -> BTreeSet<String> {
        let alerts = self.prometheus.alerts().await;
        let firing = alerts.iter().filter_map(|alert| alert.firing());
        firing.map(ToOwned::to_owned).collect()
    }

    /// Waits until all of these fire, and what they say is complete.
    async fn fires(&self, wanted: &[&str]) {
        let awaited = format!("{wanted:?} fire");
        let fire = eventually(&awaited, WITHIN, async || {
            let firing = self.firing().await;
            let fire = wanted.iter().all(|alert| firing.contains(*alert));
            fire.then_some(()).ok_or(format!("{firing:?} fire"))
        });
        fire.await.unwrap();
        for alert in self.prometheus.alerts().await {
            for text in alert.annotations.values() {
                let is_whole = !text.contains("<error") && !text.contains("<no value>");
                assert!(is_whole, "{:?}: {text}", alert.labels);
            }
        }
    }

    /// Waits until none of these fires.
    async fn falls_silent(&self, wanted: &[&str]) {
        let awaited = format!("{wanted:?} are silent");
        let silent = eventually(&awaited, WITHIN, async || {
            let firing = self.firing().await;
            let fires = wanted.iter().any(|alert| firing.contains(*alert));
            (!fires).then_some(()).ok_or(format!("{firing:?} fire"))
        });
        silent.await.unwrap();
    }
}

/// While all is well, webhooks come for longer than any rule waits before it fires.
async fn is_silent_while_all_is_well(stage: &Stage) {
    let mut ticks = tokio::time::interval(Duration::from_millis(500));
    for _ in 0..16 {
        ticks.tick().await;
        stage.link();
    }
    stage
        .sees("sum(stackone_processor_events_emitted_total{type=\"account.linked\"}) >= 17")
        .await;
    stage.link_in_a_page("well").await.unwrap();
    stage
        .sees("sum(stackone_connect_sessions_settled_total{state=\"verified\"}) >= 1")
        .await;
    // Where a busy machine stood still for longer than a rule waits, that rule is right to fire
    // until it goes on.
    let silent = eventually("none fires", WITHIN, async || {
        let firing = stage.firing().await;
        firing
            .is_empty()
            .then_some(())
            .ok_or(format!("{firing:?} fire"))
    });
    stage
        .while_webhooks_come(async { silent.await.unwrap() })
        .await;
}

async fn secrets_cannot_be_read(stage: &Stage) {
    let files = stage.files();
    for file in [files.secret(), files.api_key(), files.service_token()] {
        std::fs::remove_file(file).unwrap();
    }
    stage
        .fires(&[
            "StackOneIngestSecretReloadFails",
            "StackOneApiKeyReloadFails",
            "StackOneConnectSecretReloadFails",
        ])
        .await;
    stage.files().put_secrets_in_place();
    stage
        .falls_silent(&[
            "StackOneIngestSecretReloadFails",
            "StackOneApiKeyReloadFails",
            "StackOneConnectSecretReloadFails",
        ])
        .await;
}

async fn a_page_has_the_token_and_stackone_makes_no_sessions(stage: &Stage) {
    assert_eq!(stage.show_the_token_to_browsers().await, 403);
    let unavailable = FaultRule::always(Fault::status(503)).for_operation(Operation::CreateSession);
    stage.simulator.faults().set(unavailable).unwrap();
    let page = stage.page_of("unlucky").await.unwrap();
    for _ in 0..6 {
        assert_eq!(page.token().await.unwrap().status(), 503);
    }
    stage
        .fires(&[
            "StackOneConnectServiceTokenInBrowser",
            "StackOneConnectMintingFails",
        ])
        .await;
    stage.simulator.faults().clear_all();
    stage.falls_silent(&["StackOneConnectMintingFails"]).await;
}

async fn webhooks_are_forged_or_of_no_use(stage: &Stage) {
    let account = stage.link();
    for _ in 0..30 {
        let forged = CustomWebhook::new("account.updated", &account).tampered(Tamper::Signature);
        stage.simulator.send_webhook(forged).unwrap();
    }
    let of_nobody = r#"{"project_id":"nobody","event":"account.created","account_id":"1"}"#;
    stage
        .simulator
        .send_webhook(CustomWebhook::raw(of_nobody))
        .unwrap();
    stage
        .fires(&["StackOneIngestSignatureMismatches", "StackOneDeadLetters"])
        .await;
}

async fn the_key_is_refused(stage: &Stage) {
    std::fs::write(stage.files().api_key(), "v1.eu1.revoked").unwrap();
    // The key is read again within a second; what is looked up before that has the old one.
    let alert = stage.fires(&["StackOneApiKeyRefused"]);
    stage.while_webhooks_come(alert).await;
    stage.files().put_secrets_in_place();
    stage.falls_silent(&["StackOneApiKeyRefused"]).await;
}

async fn the_api_is_unavailable(stage: &Stage) {
    stage
        .simulator
        .faults()
        .set(FaultRule::always(Fault::status(503)))
        .unwrap();
    for _ in 0..8 {
        stage.link();
    }
    stage
        .fires(&[
            "StackOneApiBreakerOpen",
            "StackOneProcessorOldestPending",
            "StackOneResyncOverdue",
        ])
        .await;
    stage.simulator.faults().clear_all();
    stage
        .falls_silent(&[
            "StackOneApiBreakerOpen",
            "StackOneProcessorOldestPending",
            "StackOneResyncOverdue",
        ])
        .await;
}

async fn webhooks_are_lost_and_accounts_vanish(stage: &Stage) {
    for account in stage.simulator.linked_accounts().iter().take(15) {
        stage.simulator.unlink(&account.id, Notify::Lose).unwrap();
    }
    for _ in 0..25 {
        stage.link_and(Notify::Lose);
    }
    stage
        .fires(&["StackOneUnlinksHeld", "StackOneResyncFindsMissedWebhooks"])
        .await;
}

/// The broker is gone, and webhooks go on coming.
async fn kafka_is_gone(mut stage: Stage) -> Stage {
    stage.broker = harness::Broker::external("127.0.0.1:1".to_owned());
    let alerts = [
        "StackOneIngestBurnsBudgetFast",
        "StackOneIngestProducerStalled",
    ];
    stage.while_webhooks_come(stage.fires(&alerts)).await;
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_fire_when_the_services_are_broken_and_not_before() {
    if !is_there("prometheus") {
        return;
    }
    let stage = Stage::set("alerts", Rules::AMinuteAsASecond).await;
    is_silent_while_all_is_well(&stage).await;
    secrets_cannot_be_read(&stage).await;
    webhooks_are_forged_or_of_no_use(&stage).await;
    a_page_has_the_token_and_stackone_makes_no_sessions(&stage).await;
    the_key_is_refused(&stage).await;
    the_api_is_unavailable(&stage).await;
    webhooks_are_lost_and_accounts_vanish(&stage).await;
    let stage = kafka_is_gone(stage).await;
    let Stage {
        ingest,
        processor,
        connect,
        ref prometheus,
        ..
    } = stage;
    ingest.kill().await;
    processor.kill().await;
    connect.kill().await;
    let absent = [
        "StackOneIngestAbsent",
        "StackOneProcessorAbsent",
        "StackOneConnectAbsent",
    ];
    let fire = eventually("all are absent", WITHIN, async || {
        let alerts = prometheus.alerts().await;
        let firing: Vec<_> = alerts.iter().filter_map(|alert| alert.firing()).collect();
        let all = absent.iter().all(|alert| firing.contains(alert));
        all.then_some(()).ok_or(format!("{firing:?} fire"))
    });
    fire.await.unwrap();
}
