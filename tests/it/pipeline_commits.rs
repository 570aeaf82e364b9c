//! What goes on while a transaction is committed.

use harness::{
    Disturbance, Metrics, Pipeline, ServiceProcess, Step, WITHIN, assert_story, eventually,
};
use stackone_link_wire::Topic;
use stackone_simulator::{AccountId, Fault, FaultId, FaultRule, NewAccount, Notify};

/// An account whose first lookup is not answered before the test wants it to be.
struct Hanging {
    id: AccountId,
    fault: FaultId,
}

impl Hanging {
    fn new(pipeline: &Pipeline) -> Self {
        let new = NewAccount {
            notify: Notify::Silent,
            ..NewAccount::new("hibob", "t", "Acme")
        };
        let id = pipeline.simulator.link(&new).unwrap();
        let rule = FaultRule::next(1, Fault::Hang).for_account(&id);
        let fault = pipeline.fault(rule);
        let refreshed = pipeline.simulator.refresh_credentials(&id, Notify::Send);
        refreshed.unwrap();
        Self { id, fault }
    }

    /// A rule for one request is used up by it.
    fn is_asked(&self, pipeline: &Pipeline) -> bool {
        let mut rules = pipeline.simulator.faults().list().into_iter();
        rules.any(|(id, rule)| id == self.fault && rule.remaining == Some(0))
    }
}

/// Takes out, of accounts that hang, the one that is asked next, once it is.
async fn next_asked(pipeline: &Pipeline, hanging: &mut Vec<Hanging>) -> Hanging {
    let asked = eventually("an account is asked for", WITHIN, async || {
        let asked = hanging.iter().position(|one| one.is_asked(pipeline));
        asked.ok_or("none is")
    });
    let asked = asked.await.unwrap();
    hanging.remove(asked)
}

async fn consumed(processor: &ServiceProcess, records: f64) {
    let admin = processor.admin.clone();
    let consumed = eventually("all webhooks are consumed", WITHIN, async || {
        let metrics = Metrics::of(&admin).await.map_err(|error| error.to_string());
        let consumed = metrics?.sum("stackone_processor_records_consumed_total");
        if consumed < records {
            return Err(format!("{consumed} are"));
        }
        Ok(())
    });
    consumed.await.unwrap();
}

/// One lookup may be under way. The first is answered, and what it says is committed, which is
/// held; the second is under way then, and nothing but its answer makes room for the third.
#[tokio::test(flavor = "multi_thread")]
async fn answers_are_taken_in_and_lookups_sent_while_a_transaction_is_committed() {
    let mut pipeline = Pipeline::start("beside").await;
    pipeline.settings.lookups.max_in_flight = 1;
    pipeline.settings.lookups.timeout = WITHIN;
    let disturbance = Disturbance {
        is_held_before: Some((Step::Commit, "account.linked")),
        ..Disturbance::default()
    };
    let processor = pipeline.disturbed_process("a", disturbance).await;
    let mut hanging: Vec<Hanging> = (0..3).map(|_| Hanging::new(&pipeline)).collect();
    let ids: Vec<AccountId> = hanging.iter().map(|one| one.id.clone()).collect();
    consumed(&processor, 3.0).await;
    let answer = |asked: &Hanging| assert!(pipeline.simulator.faults().clear(asked.fault));
    answer(&next_asked(&pipeline, &mut hanging).await);
    let second = next_asked(&pipeline, &mut hanging).await;
    processor.is_held().await;
    answer(&second);
    let third = next_asked(&pipeline, &mut hanging).await;
    processor.goes_on();
    answer(&third);
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let records = lifecycle.events(ids.len()).await;
    for id in &ids {
        assert_story(records, id.as_str(), ["linked"]);
    }
    processor.stop_with(pipeline).await;
}
