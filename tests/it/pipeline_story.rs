//! From webhook to event, through both services.

use harness::{Pipeline, ReadRecord, WITHIN, states, story_of, transitions};
use stackone_link_schemas::{AccountPhase, AccountStatus};
use stackone_link_wire::{Topic, TraceContext};
use stackone_simulator::{AccountStatus as Status, Notify, StatusReason};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_linked_refreshed_degraded_recovered_and_unlinked() {
    let (pipeline, processor) = Pipeline::at_work("story").await;
    let simulator = &pipeline.simulator;
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let id = pipeline.link("tenant-1");
    lifecycle.events(1).await;
    pipeline.refresh(&id);
    lifecycle.events(2).await;
    let reason = StatusReason::new("401", "Provider rejected the stored credentials");
    simulator
        .set_status(&id, Status::Error, vec![reason], Notify::Send)
        .unwrap();
    lifecycle.events(3).await;
    pipeline.becomes(&id, Status::Active);
    lifecycle.events(4).await;
    simulator.unlink(&id, Notify::Send).unwrap();
    let records = lifecycle.events(5).await.to_vec();

    let expected = ["linked", "refreshed", "degraded", "recovered", "unlinked"];
    assert_eq!(
        story_of(id.as_str(), &records),
        expected.map(|name| format!("account.{name}"))
    );
    assert_is_as_promised(&records, id.as_str());
    let events = transitions(&records);
    assert_eq!(events[2].status_reasons[0].code.as_deref(), Some("401"));
    assert_eq!(
        (&events[3].previous_status, &events[3].status),
        (&Some(AccountStatus::Error), &Some(AccountStatus::Active))
    );
    assert_eq!(events[4].status, None, "a 404 has no status");
    assert_eq!(
        events[4].account, events[3].account,
        "an unlink tells the last confirmed snapshot"
    );

    assert_traces_go_on(&pipeline, &records).await;
    let linked = pipeline.all(Topic::Linked).await;
    assert_eq!(transitions(&linked), [events[0].clone()]);
    is_unlinked(&pipeline, id.as_str(), 5).await;
    processor.stop_with(pipeline).await;
}

/// Waits for that state: the event's transaction may have ended on its topic and not yet on that of
/// states.
async fn is_unlinked(pipeline: &Pipeline, account: &str, version: u64) {
    let expected = (AccountPhase::Unlinked, version, &None);
    let is_unlinked = |records: &[ReadRecord]| {
        let states = states(records);
        let state = states.get(account);
        state.is_some_and(|state| (state.state, state.version, &state.account) == expected)
    };
    let mut states = pipeline.reader(Topic::State);
    states.read_until(WITHIN, is_unlinked).await;
}

/// Each event goes on with the trace of its webhook.
async fn assert_traces_go_on(pipeline: &Pipeline, events: &[ReadRecord]) {
    let webhooks = pipeline.all(Topic::AccountEvents).await;
    let trace = |record: &ReadRecord| {
        let traceparent = record.headers.traceparent.clone().unwrap();
        assert!(TraceContext::continued(traceparent.as_bytes()).is_some());
        traceparent[3..35].to_owned()
    };
    let traces = |records: &[ReadRecord]| records.iter().map(trace).collect::<Vec<_>>();
    assert_eq!(traces(events), traces(&webhooks));
}

/// Key, headers and causes of transitions.
fn assert_is_as_promised(records: &[ReadRecord], account: &str) {
    for (record, event) in records.iter().zip(transitions(records)) {
        assert_eq!(record.key.as_deref(), Some(account));
        let headers = &record.headers.event;
        assert_eq!(
            (headers.id, headers.event_type.as_str()),
            (event.id, event.event_type.as_str())
        );
        assert_eq!(headers.source, format!("/stackone/{}", harness::PROJECT));
        assert_eq!(headers.subject.as_deref(), Some(account));
        assert_eq!(event.caused_by_total, 1, "{event:?}");
        assert!(
            event.caused_by[0]
                .received_at
                .is_some_and(|received| received <= event.confirmed_at)
        );
        assert!(
            event
                .account
                .is_some_and(|account| account.setup_information.is_none())
        );
    }
}
