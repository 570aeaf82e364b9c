//! Personal data that is switched off is on no topic but the raw ones: no key, no header, no value.

use harness::{Pipeline, ReadRecord, WITHIN, states, story_of};
use stackone_link_schemas::LifecycleType;
use stackone_link_wire::Topic;
use stackone_simulator::{
    AccountId, AccountStatus as Status, Fault, FaultRule, NewAccount, Notify, Operation,
};

use crate::pipeline_redrive::summary;
use crate::pipeline_resync_command::resync;

/// Who linked the accounts.
const USERNAME: &str = "dana.canary@acme.example";
/// What the provider was set up with.
const DOMAIN: &str = "canary-domain";

/// Whether what is personal is written by processors that are started from now on.
fn include_personal(pipeline: &mut Pipeline, is_written: bool) {
    let settings = &mut pipeline.settings.lookups;
    settings.include_origin_username = is_written;
    settings.include_setup_information = is_written;
}

fn link(pipeline: &Pipeline, status: Status) -> AccountId {
    let setup = serde_json::json!({ "domain": DOMAIN });
    let new = NewAccount {
        origin_username: Some(USERNAME.to_owned()),
        setup_information: setup.as_object().cloned(),
        status,
        ..NewAccount::default()
    };
    pipeline.simulator.link(&new).unwrap()
}

/// Waits until the newest transition of an account is of this type.
async fn told(pipeline: &Pipeline, id: &AccountId, event: LifecycleType) {
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let is_told = |records: &[ReadRecord]| {
        let story = story_of(id.as_str(), records);
        story.last().is_some_and(|last| last == event.as_str())
    };
    lifecycle.read_until(WITHIN, is_told).await;
}

/// How many records of a topic have it in their key, headers or value, and how many in key or
/// headers.
async fn found(pipeline: &Pipeline, topic: Topic, text: &str) -> (usize, usize) {
    let records = pipeline.all(topic).await;
    assert!(!records.is_empty(), "{topic:?} is empty: nothing is proven");
    let labelled = |record: &&ReadRecord| {
        let headers = format!("{:?}", record.headers);
        headers.contains(text) || record.key.as_deref().is_some_and(|key| key.contains(text))
    };
    let named = |record: &&ReadRecord| {
        String::from_utf8_lossy(&record.value).contains(text) || labelled(record)
    };
    let count = |is_it: &dyn Fn(&&ReadRecord) -> bool| records.iter().filter(is_it).count();
    (count(&named), count(&labelled))
}

/// A life of accounts that writes every kind of record.
pub(crate) async fn live(pipeline: &Pipeline) {
    let simulator = &pipeline.simulator;
    let whole = link(pipeline, Status::Active);
    told(pipeline, &whole, LifecycleType::Linked).await;
    pipeline.refresh(&whole);
    told(pipeline, &whole, LifecycleType::Refreshed).await;
    for (status, event) in [
        (Status::Error, LifecycleType::Degraded),
        (Status::Active, LifecycleType::Recovered),
    ] {
        pipeline.becomes(&whole, status);
        told(pipeline, &whole, event).await;
    }
    let failed = link(pipeline, Status::Error);
    told(pipeline, &failed, LifecycleType::LinkFailed).await;
    simulator.unlink(&whole, Notify::Send).unwrap();
    told(pipeline, &whole, LifecycleType::Unlinked).await;

    // Put aside, put back, and found by a resync.
    let rejected = Fault::Status {
        status: 422,
        retry_after: None,
        body: None,
    };
    let rule = FaultRule::always(rejected).for_operation(Operation::Get);
    let rule = pipeline.fault(rule);
    let aside = link(pipeline, Status::Active);
    let mut letters = pipeline.reader(Topic::DeadLetter);
    letters.events(1).await;
    simulator.faults().clear(rule);
    assert_eq!(summary(pipeline, &[]).await["redriven"], 1);
    told(pipeline, &aside, LifecycleType::Linked).await;
    resync(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_that_is_switched_off_is_on_no_topic_but_the_raw_ones() {
    let mut pipeline = Pipeline::start("privacy").await;
    include_personal(&mut pipeline, false);
    let processor = pipeline.processor("a").unwrap();
    live(&pipeline).await;
    for text in [USERNAME, DOMAIN] {
        for topic in [Topic::Lifecycle, Topic::Linked, Topic::State] {
            assert_eq!(found(&pipeline, topic, text).await, (0, 0), "{topic:?}");
        }
        // What StackOne signed is kept as it came, where it arrives and where it is put aside; but
        // in values alone.
        for topic in [Topic::AccountEvents, Topic::DeadLetter] {
            let (named, labelled) = found(&pipeline, topic, text).await;
            assert!(named > 0, "{topic:?} is raw");
            assert_eq!(labelled, 0, "{topic:?}");
        }
    }
    let own = pipeline.all(Topic::DeadLetter).await;
    let own = own
        .iter()
        .filter(|record| record.headers.dead_letter.is_none());
    let events = pipeline.all(Topic::AccountEvents).await;
    let own = own.chain(
        events
            .iter()
            .filter(|record| record.headers.ingest.is_none()),
    );
    let own: Vec<_> = own
        .map(|record| String::from_utf8_lossy(&record.value))
        .collect();
    assert!(
        own.len() > 3,
        "markers of redrive and resync are among them: {own:?}"
    );
    assert!(
        !own.iter()
            .any(|value| value.contains(USERNAME) || value.contains(DOMAIN)),
        "{own:?}"
    );
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn states_from_before_personal_data_was_switched_off_are_written_anew_without_it() {
    let mut pipeline = Pipeline::start("privacy-later").await;
    include_personal(&mut pipeline, true);
    let processor = pipeline.processor("a").unwrap();
    let accounts = [(); 3].map(|()| link(&pipeline, Status::Active));
    for account in &accounts {
        told(&pipeline, account, LifecycleType::Linked).await;
    }
    processor.stop().await.unwrap();
    // The events' transactions may have ended on their topic and not yet on that of states.
    pipeline.reader(Topic::State).read_all_committed().await;
    for topic in [Topic::Lifecycle, Topic::State] {
        assert!(found(&pipeline, topic, USERNAME).await.0 >= 3, "{topic:?}");
        assert!(found(&pipeline, topic, DOMAIN).await.0 >= 3, "{topic:?}");
    }

    include_personal(&mut pipeline, false);
    let processor = pipeline.processor("a").unwrap();
    let is_clean = |records: &[ReadRecord]| {
        let known = format!("{:?}", states(records));
        accounts
            .iter()
            .all(|account| known.contains(account.as_str()))
            && !known.contains(USERNAME)
            && !known.contains(DOMAIN)
    };
    pipeline
        .reader(Topic::State)
        .read_until(WITHIN, is_clean)
        .await;
    // The last confirmed snapshot is told without it, too, and nothing is told of the change
    // itself.
    let gone = &accounts[0];
    pipeline.simulator.unlink(gone, Notify::Send).unwrap();
    told(&pipeline, gone, LifecycleType::Unlinked).await;
    let lifecycle = pipeline.all(Topic::Lifecycle).await;
    assert_eq!(lifecycle.len(), 4, "{lifecycle:?}");
    let unlinked = lifecycle
        .iter()
        .find(|record| record.headers.event.event_type == "account.unlinked");
    let unlinked = String::from_utf8_lossy(&unlinked.unwrap().value).into_owned();
    assert!(unlinked.contains("Acme Manufacturing"), "{unlinked}");
    assert!(
        !unlinked.contains(USERNAME) && !unlinked.contains(DOMAIN),
        "{unlinked}"
    );
    processor.stop_with(pipeline).await;
}
