//! Histories that settle after each round: what was told is, event for event and cause for cause,
//! what the reference allows.

use harness::{Pipeline, WITHIN, eventually};
use jiff::{SignedDuration, Timestamp};
use stackone_link_schemas::{
    ACCOUNT_LISTED_TYPE, AccountLifecycleEvent, AccountPhase, Cause, LifecycleType,
};

use super::history::{History, Upheaval};
use super::observed::{Seen, trigger};
use super::reference::{Known, NOTHING, Outcome, Told, Trigger, Truth, outcomes};
use super::stage::Stage;

/// A degraded or failed account is looked at again by schedule a minute after its last event.
const UNTIL_RECHECK: SignedDuration = SignedDuration::from_secs(55);

/// Plays a history.
pub(crate) async fn play(pipeline: &Pipeline, seed: u64, history: &History) {
    let mut stage = Stage::set(pipeline, seed).await;
    stage.settle().await;
    let mut books: Vec<Book> = stage.world.ids.iter().map(|_| Book::new()).collect();
    let mut was_resynced = false;
    for (number, round) in history.rounds.iter().enumerate() {
        stage.set_faults(round);
        stage.world.play(round);
        stage.send_amid(round, round.upheaval).await;
        stage.settle().await;
        if round.is_resynced {
            stage.resync().await;
        }
        let is_replayed = round.upheaval != Upheaval::None;
        let may = May {
            is_replayed,
            lists_are_replayed: is_replayed && was_resynced,
            is_resynced: round.is_resynced,
        };
        books = compared(&stage, books, may, number).await;
        was_resynced |= round.is_resynced;
    }
    let ids = stage.world.ids.clone();
    let seen = stage.end().await;
    for (id, book) in ids.iter().zip(books) {
        assert_eq!(seen.events(id).len(), book.events, "of {id} more was told");
    }
}

/// What a round's upheaval and resync may do beside its triggers.
#[derive(Clone, Copy)]
struct May {
    /// Partitions were taken over, so records may come again. Where nothing is known of an account,
    /// nothing tells them.
    is_replayed: bool,
    /// Among them those of a former resync.
    lists_are_replayed: bool,
    is_resynced: bool,
}

/// What is on record of an account up to a round.
#[derive(Debug)]
struct Book {
    /// What may be known of it.
    known: Vec<Known>,
    triggers: usize,
    events: usize,
}

/// Compares a round with the reference. What the end of a resync has looked up leaves no other
/// trace to wait for.
async fn compared(stage: &Stage<'_>, books: Vec<Book>, may: May, number: usize) -> Vec<Book> {
    let compare = async || {
        let seen = Seen::now(stage.pipeline).await;
        let accounts = books.iter().enumerate();
        let after = accounts.map(|(account, book)| book.after(stage, account, &seen, may));
        after.collect::<Result<Vec<Book>, String>>()
    };
    let compared = if may.is_resynced {
        let healed = eventually("the resync has healed everything", WITHIN, compare).await;
        healed.map_err(|overdue| overdue.to_string())
    } else {
        compare().await
    };
    assert!(
        compared.is_ok(),
        "round {number}: {}",
        compared.unwrap_err()
    );
    compared.unwrap()
}

impl Book {
    fn new() -> Self {
        Self {
            known: vec![NOTHING],
            triggers: 0,
            events: 0,
        }
    }

    /// The book after a round, if what was told is allowed.
    fn after(
        &self,
        stage: &Stage<'_>,
        account: usize,
        seen: &Seen,
        may: May,
    ) -> Result<Self, String> {
        let id = &stage.world.ids[account];
        let truth = stage.world.truth(account);
        let (records, events) = (seen.records(id), seen.events(id));
        let mut triggers: Vec<Trigger> = records.iter().map(trigger).collect();
        if may.is_resynced && truth.is_none() {
            triggers.push(Trigger::RECHECK);
        }
        let told = &events[self.events..];
        let rechecks = may.lists_are_replayed || is_recheck_due(events);
        let mut allowed = Vec::new();
        for known in &self.known {
            let new = &triggers[self.triggers..];
            allowed.extend(outcomes(known, truth.as_ref(), new, rechecks));
            if may.is_replayed && known.phase == AccountPhase::None {
                allowed.extend(outcomes(known, truth.as_ref(), &triggers, rechecks));
            }
        }
        let first = triggers
            .get(self.triggers)
            .and_then(|trigger| trigger.offset);
        let is_told = |outcome: &Outcome| is_told(&outcome.told, told, first);
        let matching = allowed.iter().filter(|outcome| is_told(outcome));
        let mut known: Vec<Known> = matching.map(|outcome| outcome.known.clone()).collect();
        known.dedup();
        let shown = told.iter().enumerate().all(|(at, event)| {
            let last = (self.events + at).checked_sub(1).map(|last| &events[last]);
            shows(event, truth.as_ref(), last)
        });
        if known.is_empty() || !shown {
            let was = &self.known;
            let new = &triggers[self.triggers..];
            return Err(format!(
                "{id} was {was:?} and is {truth:?}\ntriggers: {new:?}\nallowed: {allowed:?}\ntold: {told:?}"
            ));
        }
        Ok(Self {
            known,
            triggers: records.len(),
            events: events.len(),
        })
    }
}

fn is_recheck_due(events: &[AccountLifecycleEvent]) -> bool {
    events.iter().any(|event| {
        let may_change = matches!(
            event.event_type,
            LifecycleType::Degraded | LifecycleType::LinkFailed
        );
        may_change && Timestamp::now().duration_since(event.confirmed_at) > UNTIL_RECHECK
    })
}

/// Whether the events are these, each with its causes. A list that is replayed, whose records are
/// older than `first`, may be among them.
fn is_told(told: &[Told], events: &[AccountLifecycleEvent], first: Option<i64>) -> bool {
    let is_new = |cause: &&Cause| {
        cause.event_type != ACCOUNT_LISTED_TYPE || first.is_some_and(|first| cause.offset >= first)
    };
    let is_one = |(told, event): (&Told, &AccountLifecycleEvent)| {
        let causes: Vec<i64> = (event.caused_by.iter().filter(is_new))
            .map(|cause| cause.offset)
            .collect();
        event.event_type == told.kind
            && causes == told.causes
            && event.caused_by_total == u64::try_from(event.caused_by.len()).unwrap()
    };
    told.len() == events.len() && told.iter().zip(events).all(is_one)
}

/// Whether an event shows what is true, and goes on from the one before.
fn shows(
    event: &AccountLifecycleEvent,
    truth: Option<&Truth>,
    last: Option<&AccountLifecycleEvent>,
) -> bool {
    let snapshot = event.account.as_ref();
    let is_shown = if event.event_type == LifecycleType::Unlinked {
        last.is_none_or(|last| {
            last.event_type == LifecycleType::Unlinked || last.account == event.account
        })
    } else {
        snapshot.and_then(|account| account.updated_at) == truth.map(|truth| truth.updated_at)
            && snapshot.map(|account| &account.label) == truth.map(|truth| &truth.label)
    };
    is_shown
        && event.version == last.map_or(0, |last| last.version) + 1
        && event.status.as_ref() == truth.map(|truth| &truth.status)
        && event.previous_status == last.and_then(|last| last.status.clone())
}
