//! From webhook to event, through both services.

use std::collections::HashMap;

use harness::{
    Metrics, Pipeline, ReadRecord, WITHIN, assert_story, eventually, states, story_of, transitions,
};
use stackone_link_schemas::{AccountId, AccountPhase, AccountState, AccountStatus, LifecycleType};
use stackone_link_wire::{Topic, TraceContext};
use stackone_processor::config::Config;
use stackone_processor_cli::commands::state::{self, StateSelection};
use stackone_simulator::{
    AccountStatus as Status, CustomWebhook, NewAccount, Notify, StatusReason,
};

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

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_what_was_confirmed() {
    let (pipeline, processor) = Pipeline::at_work("view").await;
    let new = NewAccount::new("hibob", "tenant-1", "Acme");
    let id = pipeline.simulator.link(&new).unwrap();
    pipeline.reader(Topic::Linked).events(1).await;
    // The command reads no transaction that is still being ended on the topic of states.
    let is_confirmed = |record: &ReadRecord| record.json::<AccountState>().version == 1;
    let mut states = pipeline.reader(Topic::State);
    states
        .read_until(WITHIN, |records| records.iter().any(is_confirmed))
        .await;
    let file = pipeline.processor_file("view").unwrap();
    let settings = Config::load(Some(&file), &HashMap::new()).unwrap().settings;
    let get = |account: &str| StateSelection {
        account: Some(AccountId::try_from(account).unwrap()),
        json: true,
        ..StateSelection::default()
    };
    let mut shown = Vec::new();
    state::run(&settings, get(id.as_str()), &mut shown)
        .await
        .unwrap();
    let shown: AccountState = serde_json::from_slice(&shown).unwrap();
    assert_eq!((shown.state, shown.version), (AccountPhase::Active, 1));
    let unknown = state::run(&settings, get("nobody"), &mut Vec::new()).await;
    assert!(unknown.unwrap_err().to_string().contains("nobody"));
    processor.stop_with(pipeline).await;
}

/// Waits until this many records have a disposition.
async fn disposed(admin: &str, records: u32) {
    let reached = eventually("the records are disposed of", WITHIN, async || {
        let metrics = Metrics::of(admin)
            .await
            .map_err(|error| error.to_string())?;
        let seen = metrics.sum("stackone_processor_records_total");
        if seen > f64::from(records) - 0.5 {
            Ok(())
        } else {
            Err(format!("{seen} are"))
        }
    });
    reached.await.unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_on_the_topic_are_the_bytes_that_were_signed() {
    let pipeline = Pipeline::start("bytes").await.unwrap();
    // Not what a JSON library would write: spaces, an escape and a number beyond 2^53.
    let body = "{ \"event\" : \"account.created\", \"account_id\": \"45320\", \"project_id\":\"acmeinc-27270\",\
                \"record_id\": 45355976281015164504, \"origin_owner_name\": \"\\u0141\\u00f3d\\u017a\" }\n";
    pipeline
        .simulator
        .send_webhook(CustomWebhook::raw(body))
        .unwrap();
    let mut reader = pipeline.reader(Topic::AccountEvents);
    let records = reader.at_least(1).await;
    assert_eq!(records[0].value, body.as_bytes());
    assert_eq!(records[0].key.as_deref(), Some("45320"));
    assert_eq!(records[0].headers.event.event_type, "account.created");
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_and_old_webhooks_change_nothing() {
    let (pipeline, processor) = Pipeline::at_work("duplicates").await;
    let simulator = &pipeline.simulator;
    let id = pipeline.link("tenant-1");
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    lifecycle.events(1).await;
    let linking = simulator.newest_deliveries(1)[0].webhook;
    assert!(simulator.redeliver(linking));
    simulator.settled().await;
    let old = CustomWebhook {
        event_date: Some("2020-01-01T00:00:00Z".parse().unwrap()),
        ..CustomWebhook::new("account.deleted", &id)
    };
    simulator.send_webhook(old).unwrap();
    // Both have to be decided before anything changes: a lookup for them would find that, and tell
    // it.
    disposed(&processor.admin, 3).await;
    pipeline.refresh(&id);
    let records = lifecycle.events(2).await;
    assert_story(records, id.as_str(), ["linked", "refreshed"]);
    assert_eq!(transitions(records)[1].event_type, LifecycleType::Refreshed);
    processor.stop().await.unwrap();
    let all = pipeline.all(Topic::Lifecycle).await;
    assert_eq!(all.len(), 2, "{:#?}", transitions(&all));
    pipeline.stop().await.unwrap();
}
