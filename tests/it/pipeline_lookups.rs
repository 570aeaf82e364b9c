//! Trouble with the accounts API costs time, not data.

use std::time::{Duration, Instant};

use harness::{Metrics, Pipeline, Setup, WITHIN, eventually, metric_is, transitions};
use stackone_link_schemas::LifecycleType;
use stackone_link_wire::Topic;
use stackone_simulator::{Fault, FaultRule, NewAccount, Notify, RetryAfter};

use crate::pipeline_dead_letters::assert_conserved;

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
    let mut pipeline = Pipeline::start("faults").await;
    pipeline.settings.lookups.timeout = Duration::from_millis(500);
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
    let (pipeline, processor) = Pipeline::at_work("refused").await;
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
async fn two_replicas_keep_to_the_budget_of_one() {
    let mut pipeline = Pipeline::start("budget").await;
    let settings = &mut pipeline.settings;
    // Two a second, and little more than two that may be saved up. Each account is asked for alone,
    // and no answer is too late.
    settings.projects[0].requests_per_minute = std::num::NonZeroU32::new(120).unwrap();
    settings.batch.max_ids = 1;
    settings.lookups.timeout = WITHIN;
    let processors = ["a", "b"].map(|name| pipeline.processor(name).unwrap());
    for processor in &processors {
        let ready = "stackone_processor_partitions{state=\"ready\"}";
        let has_some = metric_is(&processor.admin, ready, |partitions| partitions > 0.5);
        has_some.await.unwrap();
    }
    let began = Instant::now();
    for number in 0..10 {
        pipeline.link(&format!("t{number}"));
    }
    let mut linked = pipeline.reader(Topic::Linked);
    linked.events(10).await;
    // At least six have to wait, for half a second each.
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(3), "ten lookups took {took:?}");
    for processor in processors {
        processor.stop().await.unwrap();
    }
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_slow_account_holds_up_no_other() {
    let pipeline = Pipeline::with("slow", Setup::partitions(1)).await;
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
