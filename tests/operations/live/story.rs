//! What the pipeline does in the demo, done by separate processes.

use std::num::NonZeroU32;

use stackone_simulator::{
    AccountStatus as Status, CustomWebhook, Disturbance, Fault, FaultRule, Notify, Operation,
    Tamper,
};

use super::stage::Stage;

/// What everybody sees in the demo: linked, refreshed, degraded, recovered, unlinked, missed,
/// doubled, forged, limited, unknown.
pub(super) async fn story(stage: &Stage) {
    let simulator = &stage.simulator;
    let [refreshed, broken, gone] = [stage.link(), stage.link(), stage.link()];
    stage
        .sees("sum(stackone_processor_events_emitted_total{type=\"account.linked\"}) >= 4")
        .await;
    simulator
        .refresh_credentials(&refreshed, Notify::Send)
        .unwrap();
    simulator
        .set_status(&broken, Status::Error, Vec::new(), Notify::Send)
        .unwrap();
    stage
        .sees("sum(stackone_processor_events_emitted_total{type=\"account.degraded\"}) >= 1")
        .await;
    simulator
        .set_status(&broken, Status::Active, Vec::new(), Notify::Send)
        .unwrap();
    simulator.unlink(&gone, Notify::Send).unwrap();
    stage.link_and(Notify::Lose);
    simulator
        .faults()
        .set(FaultRule::next(1, Fault::too_many_requests(1)).for_operation(Operation::Get))
        .unwrap();
    let disturbance = Disturbance {
        copies: NonZeroU32::MIN.saturating_add(1),
        ..Disturbance::default()
    };
    simulator.set_disturbance(disturbance).unwrap();
    stage.link();
    simulator.set_disturbance(Disturbance::default()).unwrap();
    let send = |webhook| simulator.send_webhook(webhook).unwrap();
    send(CustomWebhook::new("account.updated", &refreshed).tampered(Tamper::Signature));
    send(CustomWebhook::new("account.paused", &refreshed));
    send(CustomWebhook::new("hris_employees.created", &refreshed));
    send(CustomWebhook::raw("not json"));
    send(CustomWebhook::raw(
        r#"{"project_id":"nobody","event":"account.created","account_id":"1"}"#,
    ));
    stage.link_in_a_page("tenant-of-a-page").await.unwrap();
    for told in [
        "sum(stackone_processor_events_emitted_total{type=\"account.unlinked\"}) >= 1",
        "sum(stackone_processor_events_emitted_total{type=\"account.recovered\"}) >= 1",
        "sum(stackone_processor_records_total{disposition=\"dead_lettered\"}) >= 1",
        "sum(stackone_ingest_webhooks_total{outcome=\"bad_signature\"}) >= 1",
        "sum(stackone_ingest_webhooks_total{outcome=\"unrecognized\"}) >= 1",
        "sum(stackone_processor_resync_differences_total{kind=\"changed\"}) >= 1",
        "sum(stackone_processor_lookups_total{outcome=\"rate_limited\"}) >= 1",
        "sum(stackone_connect_sessions_settled_total{state=\"verified\"}) >= 1",
    ] {
        stage.sees(told).await;
    }
}
