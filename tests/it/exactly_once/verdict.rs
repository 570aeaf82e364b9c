//! What must hold of the topics, whatever happened to processors and broker.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use harness::{Pipeline, ReadRecord, eventually, states, transitions};
use stackone_link_schemas::{AccountLifecycleEvent, LifecycleType};
use stackone_link_wire::Topic;
use stackone_simulator::AccountId;

/// How long it may take until everything is decided: a transaction that a killed processor left
/// open has to time out, and with several they do one after the other.
const DECIDED_WITHIN: Duration = Duration::from_secs(180);

/// What a reader must not have seen, in words: a transition twice, one left out, one out of order,
/// or a record that led to two transitions.
pub(crate) fn faults(lifecycle: &[ReadRecord]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut newest: HashMap<String, AccountLifecycleEvent> = HashMap::new();
    let mut causes = HashSet::new();
    for event in transitions(lifecycle) {
        let account = event.account_id.to_string();
        let before = newest.get(&account);
        let expected = before.map_or(1, |before| before.version + 1);
        if event.version != expected {
            let version = event.version;
            faults.push(format!(
                "{account}: version {version} where {expected} is due"
            ));
        }
        if before.is_some_and(|before| before.status != event.previous_status) {
            faults.push(format!("{account}: {event:?} does not follow {before:?}"));
        }
        for cause in &event.caused_by {
            if !causes.insert((cause.event_id, cause.partition, cause.offset)) {
                faults.push(format!("{account}: {cause:?} led to two transitions"));
            }
        }
        newest.insert(account, event);
    }
    faults
}

/// Waits until every record is decided, and judges what readers of all topics see then.
///
/// # Panics
///
/// Where it is not decided in time, or something is not as it must be.
pub(crate) async fn judge(pipeline: &Pipeline, ids: &[AccountId]) {
    let decided = eventually("everything is decided", DECIDED_WITHIN, async || {
        undecided(pipeline, ids).await.map_or(Ok(()), Err)
    });
    decided.await.unwrap();
    let lifecycle = pipeline.all(Topic::Lifecycle).await;
    assert_eq!(faults(&lifecycle), Vec::<String>::new());
    let linked = pipeline.all(Topic::Linked).await;
    let mut linked: Vec<_> = transitions(&linked).iter().map(|event| event.id).collect();
    let all = transitions(&lifecycle).into_iter();
    let of_linking = all.filter(|event| event.event_type == LifecycleType::Linked);
    let mut expected: Vec<_> = of_linking.map(|event| event.id).collect();
    linked.sort();
    expected.sort();
    assert_eq!(
        linked, expected,
        "the topic of linked accounts has each once"
    );
}

/// What is not decided yet, if anything.
async fn undecided(pipeline: &Pipeline, ids: &[AccountId]) -> Option<String> {
    match pipeline.unpassed().await {
        Ok(0) => {}
        Ok(left) => return Some(format!("{left} records are not passed")),
        Err(error) => return Some(error.to_string()),
    }
    let states = states(&pipeline.all(Topic::State).await);
    let lifecycle = pipeline.all(Topic::Lifecycle).await;
    let newest: HashMap<_, _> = transitions(&lifecycle)
        .into_iter()
        .map(|event| (event.account_id.to_string(), event))
        .collect();
    ids.iter().find_map(|id| {
        let (Some(state), Some(event)) = (states.get(id.as_str()), newest.get(id.as_str())) else {
            return Some(format!("{id} is not confirmed"));
        };
        let truth = pipeline.simulator.account(id)?.updated_at;
        let told = event
            .account
            .as_ref()
            .and_then(|account| account.updated_at);
        let is_true = told == Some(truth) && state.version == event.version;
        (!is_true || state.pending.is_some())
            .then(|| format!("{id}: it was changed at {truth}; {event:?}, {state:?}"))
    })
}
