//! Histories without a pause: changes overlap with lookups, restarts and each other. What was true
//! between two looks is told to nobody, so what is told can only be held against rules.

use std::collections::HashSet;

use harness::{Pipeline, ReadRecord, WITHIN, eventually};
use stackone_link_schemas::{AccountLifecycleEvent, AccountPhase, LifecycleType};

use super::history::{History, Upheaval};
use super::observed::{Seen, trigger};
use super::reference::{Sort, Trigger, phase_after};
use super::stage::Stage;
use super::world::Era;

/// Plays a history. `loses`: webhooks are lost, and healed by a resync at its end.
pub(crate) async fn play(pipeline: &Pipeline, seed: u64, history: &History, loses: bool) {
    let mut stage = Stage::set(pipeline, seed).await;
    for round in &history.rounds {
        stage.set_faults(round);
        for step in &round.steps {
            stage.world.change(step);
            stage.world.send_some();
            if stage.world.tosses_heads() {
                stage.world.simulator.settled().await;
            }
        }
        let rest = super::history::Round {
            steps: Vec::new(),
            ..round.clone()
        };
        stage.world.play(&rest);
        // A crash amid answers is for a broker that hides what was aborted.
        let is_too_much = round.upheaval == Upheaval::Crash && !pipeline.broker.is_real();
        let upheaval = if is_too_much {
            Upheaval::Restart
        } else {
            round.upheaval
        };
        stage.send_amid(round, upheaval).await;
    }
    stage.settle().await;
    if loses {
        stage.resync().await;
        healed(&stage).await;
    }
    let eras = stage.world.eras.clone();
    let ids = stage.world.ids.clone();
    let seen = stage.end().await;
    for (id, eras) in ids.iter().zip(&eras) {
        check_walk(seen.events(id));
        check_causes(seen.events(id), seen.records(id));
        check_truth(seen.events(id), seen.records(id), eras);
    }
}

async fn healed(stage: &Stage<'_>) {
    let healed = eventually("the resync has healed everything", WITHIN, async || {
        let seen = Seen::now(stage.pipeline).await;
        let mut accounts = stage.world.ids.iter().enumerate();
        accounts.try_for_each(|(account, id)| {
            let truth = stage.world.truth(account);
            seen.agrees(id, truth.as_ref())
        })
    });
    healed.await.unwrap();
}

/// Versions rise by one, each event goes on from the one before, and its type fits both.
fn check_walk(events: &[AccountLifecycleEvent]) {
    let (mut phase, mut status) = (AccountPhase::None, None);
    for (version, event) in (1..).zip(events) {
        assert_eq!((event.version, &event.previous_status), (version, &status));
        let is_active = event
            .status
            .as_ref()
            .map(|status| status.as_str() == "active");
        let is_another = event.status != status;
        use AccountPhase::{Active, Degraded, Failed, None as Nothing, Unlinked};
        let is_legal = match (&event.event_type, phase) {
            (LifecycleType::Linked, Nothing | Failed | Unlinked) => is_active == Some(true),
            (LifecycleType::Refreshed, Active) => is_active == Some(true),
            (LifecycleType::Recovered, Degraded) => is_active == Some(true),
            (LifecycleType::Degraded, Active) => is_active == Some(false),
            (LifecycleType::LinkFailed, Nothing | Unlinked) => is_active == Some(false),
            (LifecycleType::Degraded, Degraded) | (LifecycleType::LinkFailed, Failed) => {
                is_active == Some(false) && is_another
            }
            (LifecycleType::Unlinked, phase) => phase != Unlinked && is_active != Some(true),
            (
                LifecycleType::Linked
                | LifecycleType::Refreshed
                | LifecycleType::Recovered
                | LifecycleType::Degraded
                | LifecycleType::LinkFailed
                | LifecycleType::Other(_),
                _,
            ) => false,
        };
        assert!(is_legal, "from {phase:?} with {status:?}: {event:?}");
        phase = phase_after(&event.event_type);
        status.clone_from(&event.status);
    }
}

/// Causes are records of the account, and none of a webhook is the cause of two events.
fn check_causes(events: &[AccountLifecycleEvent], records: &[ReadRecord]) {
    let mut used = HashSet::new();
    for event in events {
        assert!(event.caused_by_total >= u64::try_from(event.caused_by.len()).unwrap());
        for cause in &event.caused_by {
            let record = records.iter().find(|record| {
                (record.partition, record.offset) == (cause.partition, cause.offset)
            });
            assert!(record.is_some(), "no record of the account: {cause:?}");
            let record = record.unwrap();
            assert_eq!(Some(record.headers.event.id), cause.event_id);
            assert_eq!(record.headers.event.event_type, cause.event_type);
            let is_first = used.insert(cause.offset);
            let is_webhook = trigger(record).sort != Sort::Recheck;
            assert!(is_first || !is_webhook, "{cause:?} again in {event:?}");
        }
    }
}

/// Each event shows what was true at some time: not before what the last one showed, nor before
/// what happened when its newest cause was sent.
fn check_truth(events: &[AccountLifecycleEvent], records: &[ReadRecord], eras: &[Era]) {
    let mut reached = 0;
    for event in events {
        let causes = event.caused_by.iter().filter_map(|cause| {
            let record = records
                .iter()
                .find(|record| record.offset == cause.offset)?;
            let Trigger { date, .. } = trigger(record);
            date
        });
        let newest = causes.max();
        let told_of = |era: &Era| newest.is_some_and(|newest| era.since <= newest);
        reached = reached.max(eras.iter().rposition(told_of).unwrap_or(0));
        let shows = |era: &Era| {
            let updated = event
                .account
                .as_ref()
                .and_then(|account| account.updated_at);
            era.truth.as_ref().map(|truth| &truth.status) == event.status.as_ref()
                && (event.event_type == LifecycleType::Unlinked
                    || era.truth.as_ref().map(|truth| truth.updated_at) == updated)
        };
        let shown = eras[reached..].iter().position(shows);
        assert!(shown.is_some(), "not true any more: {event:?}\n{eras:?}");
        reached += shown.unwrap();
    }
}
