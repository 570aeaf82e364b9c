//! Trouble with the accounts API costs time, not data.

use std::time::{Duration, Instant};

use harness::{
    Metrics, Pipeline, PipelineSettings, WITHIN, eventually, metric_is, story_of, transitions,
};
use stackone_link_schemas::LifecycleType;
use stackone_link_wire::Topic;
use stackone_simulator::{
    AccountStatus as Status, Fault, FaultRule, NewAccount, Notify, RetryAfter,
};

use crate::pipeline_dead_letters::assert_conserved;

async fn settings(test: &str, settings: PipelineSettings) -> Pipeline {
    Pipeline::with(test, settings).await.unwrap()
}

/// What the accounts API may answer once and not the next time.
fn passing_faults() -> Vec<Fault> {
    let status = |status, retry_after| Fault::Status {
        status,
        retry_after,
        body: None,
    };
    vec![
        status(503, None),
        status(500, Some(RetryAfter::Seconds(1))),
        Fault::too_many_requests(1),
        Fault::TruncatedJson,
        Fault::Html,
        Fault::WrongId,
        Fault::Hang,
        Fault::Drop,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_rate_limits_and_garbage_delay_an_event_and_lose_none() {
    let brief = PipelineSettings {
        lookup_timeout: Duration::from_millis(500),
        ..PipelineSettings::default()
    };
    let pipeline = settings("faults", brief).await;
    let processor = pipeline.processor("a").unwrap();
    let simulator = &pipeline.simulator;
    let faults = passing_faults();
    for fault in &faults {
        let id = simulator
            .link(&NewAccount {
                notify: Notify::Silent,
                ..NewAccount::new("hibob", "t", "Acme")
            })
            .unwrap();
        pipeline.fault(FaultRule::next(1, fault.clone()).for_account(&id));
        pipeline.refresh(&id);
    }
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let records = lifecycle.events(faults.len()).await;
    assert!(
        transitions(records)
            .iter()
            .all(|event| event.event_type == LifecycleType::Linked)
    );
    assert!(
        transitions(records).iter().all(|event| event.lookups >= 2),
        "each was asked for again"
    );
    assert!(pipeline.all(Topic::DeadLetter).await.is_empty());
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_halts_the_project_until_a_probe_is_accepted_and_makes_no_dead_letter() {
    let pipeline = settings("refused", PipelineSettings::default()).await;
    let processor = pipeline.processor("a").unwrap();
    let simulator = &pipeline.simulator;
    // The lookup and the probe are refused, later ones are not.
    let refusal = Fault::Status {
        status: 401,
        retry_after: None,
        body: None,
    };
    pipeline.fault(FaultRule::next(2, refusal));
    simulator
        .link(&NewAccount::new("bamboohr", "t", "Acme"))
        .unwrap();
    let halted = format!(
        "stackone_processor_project_halted{{project=\"{}\",reason=\"refused\"}}",
        harness::PROJECT
    );
    let is_halted = eventually("the project is halted", WITHIN, async || {
        let metrics = Metrics::of(&processor.admin)
            .await
            .map_err(|error| error.to_string())?;
        if metrics.get(&halted) > 0.5 {
            Ok(())
        } else {
            Err("it is not".to_owned())
        }
    });
    is_halted.await.unwrap();
    let ready = harness::readiness(&processor.admin).await.unwrap();
    assert_eq!(ready["ready"], false, "{ready}");
    pipeline.reader(Topic::Linked).events(1).await;
    assert!(pipeline.all(Topic::DeadLetter).await.is_empty());
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lookups_keep_to_the_budget() {
    // Two a second, and two that may be saved up. Each account is asked for alone, and no answer is
    // too late.
    let two_a_second = PipelineSettings {
        requests_per_minute: std::num::NonZeroU32::new(120).unwrap(),
        lookup_timeout: WITHIN,
        max_ids: 1,
        ..PipelineSettings::default()
    };
    let pipeline = settings("budget", two_a_second).await;
    let processor = pipeline.processor("a").unwrap();
    let began = Instant::now();
    for number in 0..10 {
        pipeline.link(&format!("t{number}"));
    }
    let mut linked = pipeline.reader(Topic::Linked);
    linked.events(10).await;
    // From before the first could be asked for: at least six have to wait, for half a second each.
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(3), "ten lookups took {took:?}");
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_slow_account_holds_up_no_other() {
    let pipeline = settings(
        "slow",
        PipelineSettings {
            partitions: 1,
            ..PipelineSettings::default()
        },
    )
    .await;
    let processor = pipeline.processor("a").unwrap();
    let simulator = &pipeline.simulator;
    let slow = simulator
        .link(&NewAccount {
            notify: Notify::Silent,
            ..NewAccount::new("hibob", "t", "Slow")
        })
        .unwrap();
    let hang = pipeline.fault(FaultRule::always(Fault::Hang).for_account(&slow));
    pipeline.refresh(&slow);
    simulator.settled().await;
    for number in 0..20 {
        simulator
            .link(&NewAccount::new("bamboohr", &format!("t{number}"), "Fast"))
            .unwrap();
    }
    let mut linked = pipeline.reader(Topic::Linked);
    linked.events(20).await;
    simulator.faults().clear(hang);
    let records = linked.events(21).await;
    assert_eq!(records[20].key.as_deref(), Some(slow.as_str()));
    processor.stop_with(pipeline).await;
}

/// Waits until so many lookups are under way.
async fn lookups_in_flight(admin: &str, wanted: u32) {
    let is_wanted = |seen: f64| (seen - f64::from(wanted)).abs() < 0.5;
    metric_is(admin, "stackone_processor_lookups_in_flight", is_wanted)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_that_come_during_a_lookup_are_decided_by_a_later_answer() {
    let patient = PipelineSettings {
        lookup_timeout: WITHIN,
        ..PipelineSettings::default()
    };
    let pipeline = settings("dirty", patient).await;
    let processor = pipeline.processor("a").unwrap();
    let simulator = &pipeline.simulator;
    let new = NewAccount::new("bamboohr", "t", "Acme");
    let id = simulator.link(&new).unwrap();
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    lifecycle.events(1).await;
    lookups_in_flight(&processor.admin, 0).await;
    let slow = FaultRule::next(1, Fault::Hang).for_account(&id);
    let slow = pipeline.fault(slow);
    pipeline.refresh(&id);
    lookups_in_flight(&processor.admin, 1).await;
    pipeline.becomes(&id, Status::Error);
    let consumed = "stackone_processor_records_consumed_total";
    metric_is(&processor.admin, consumed, |records| records > 2.5)
        .await
        .unwrap();
    assert!(simulator.faults().clear(slow));
    let is_degraded = |kind: &String| kind == "account.degraded";
    let records = lifecycle
        .read_until(WITHIN, |records| {
            story_of(id.as_str(), records)
                .last()
                .is_some_and(is_degraded)
        })
        .await;
    // Whatever the slow answer showed, it was asked for because of the first change alone.
    let second = transitions(records).remove(1);
    assert_eq!((second.caused_by_total, second.caused_by[0].offset), (1, 1));
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}
