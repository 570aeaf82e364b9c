//! What has to be true, at every step and whenever everything has settled.

pub mod books;
pub mod grace;
pub mod ledger;
pub mod walk;

use std::collections::BTreeMap;

use jiff::Timestamp;
use stackone_link_schemas::{
    ACCOUNT_LISTED_TYPE, ACCOUNT_LOOK_TYPE, AccountEvent, AccountLifecycleEvent, AccountLook,
    AccountPhase, AccountState, LifecycleType, LookReason,
};
use uuid::Uuid;

use crate::kafka::log::Record;
use crate::kafka::{Kafka, Stored, TopicPartition};
use crate::reference::Sort;
use crate::replica::Run;
use crate::time::{Micros, moment};
use crate::world::World;
use books::Book;
use walk::Walk;

/// Most requests of a project in any 60 seconds: StackOne's limit.
const MOST_REQUESTS: usize = 1_000;

/// What was broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An event does not go on from the one before.
    #[error("walk: {0}")]
    Walk(String),
    /// A cause that is none, or that was used before.
    #[error("cause: {0}")]
    Cause(String),
    /// What was told was not shown by the API since its newest trigger was stored.
    #[error("truth: {0}")]
    Untrue(String),
    /// An account was taken for gone too early.
    #[error("grace: {0}")]
    Grace(String),
    /// What was told of settled accounts is nothing that the reference allows.
    #[error("reference: {0}")]
    NotAllowed(String),
    /// State, events and links do not say the same.
    #[error("agreement: {0}")]
    Disagreement(String),
    /// Records that are not accounted for.
    #[error("conservation: {0}")]
    NotConserved(String),
    /// More requests than a project allows.
    #[error("rate: {0} requests in 60 s")]
    TooManyRequests(usize),
    /// An account was asked for while it was asked for.
    #[error("lookups: {0}")]
    AskedTwice(String),
    /// An account was decided by an answer to what was asked before its partition was assigned.
    #[error("assignment: {0}")]
    FormerAnswer(String),
    /// An offset was committed above a record that no state has taken in.
    #[error("offsets: {0}")]
    PassedEarly(String),
    /// Something is left undone.
    #[error("liveness: {0}")]
    NotSettled(String),
}

impl Broken {
    /// The oracle's name.
    #[must_use]
    pub const fn oracle(&self) -> &'static str {
        match self {
            Self::Walk(_) => "walk",
            Self::Cause(_) => "cause",
            Self::Untrue(_) => "truth",
            Self::Grace(_) => "grace",
            Self::NotAllowed(_) => "reference",
            Self::Disagreement(_) => "agreement",
            Self::NotConserved(_) => "conservation",
            Self::TooManyRequests(_) => "rate",
            Self::AskedTwice(_) => "lookups",
            Self::FormerAnswer(_) => "assignment",
            Self::PassedEarly(_) => "offsets",
            Self::NotSettled(_) => "liveness",
        }
    }
}

/// A record of the events topic that names an account.
#[derive(Debug)]
pub struct Trigger {
    partition: i32,
    /// Where it is.
    pub offset: i64,
    /// As what it counts.
    pub sort: Sort,
    /// When it happened, as it says; not later than it was received.
    pub date: Option<Timestamp>,
    event_id: Option<Uuid>,
    /// When ingest had it, which tells it from a copy in a topic that was made again.
    received_at: Option<Timestamp>,
    /// Its `ce_type`.
    pub event_type: String,
    at: Micros,
    /// It is the cause of an event.
    is_used: bool,
}

/// What was told so far.
#[derive(Debug)]
pub struct Oracle {
    walks: Vec<Walk>,
    triggers: BTreeMap<String, Vec<Trigger>>,
    /// How far each partition of the lifecycle topic was read, as subscribers read it.
    read: BTreeMap<i32, i64>,
    books: Vec<Book>,
    /// Up to where committed offsets were checked.
    passed: BTreeMap<i32, i64>,
    broken: Option<Broken>,
}

impl Oracle {
    /// Nothing was told yet.
    #[must_use]
    pub fn new(accounts: usize) -> Self {
        Self {
            walks: (0..accounts).map(|_| Walk::default()).collect(),
            triggers: BTreeMap::new(),
            read: BTreeMap::new(),
            books: Vec::new(),
            passed: BTreeMap::new(),
            broken: None,
        }
    }

    /// A record was stored on the events topic.
    pub fn stored(&mut self, partition: i32, record: &Record, at: Micros) {
        let key = record
            .key
            .as_deref()
            .and_then(|key| std::str::from_utf8(key).ok());
        let (Some(key), Some(headers)) = (key, record.headers.as_ref()) else {
            return;
        };
        self.triggers
            .entry(key.to_owned())
            .or_default()
            .push(Trigger {
                partition,
                offset: record.offset,
                sort: sort(record),
                date: date(record),
                event_id: Some(headers.event.id),
                received_at: headers.ingest.as_ref().map(|ingest| ingest.received_at),
                event_type: headers.event.event_type.clone(),
                at,
                is_used: false,
            });
    }

    /// A transaction has ended there: what became visible is read.
    ///
    /// # Errors
    ///
    /// Where they break a rule.
    pub fn ended_there(
        &mut self,
        kafka: &Kafka,
        world: &World,
        (topic, partition): TopicPartition,
    ) -> Result<(), Broken> {
        if let Some(broken) = self.broken.take() {
            return Err(broken);
        }
        if topic != Stored::Lifecycle {
            return Ok(());
        }
        let Some(log) = kafka.log(topic, partition) else {
            return Ok(());
        };
        let position = self.read.entry(partition).or_default();
        let fetched = log.read(*position, usize::MAX);
        *position = fetched.next;
        for record in fetched.records {
            let value = record.value.as_deref().unwrap_or_default();
            let event: AccountLifecycleEvent = serde_json::from_slice(value)
                .map_err(|error| Broken::Walk(format!("not an event: {error}")))?;
            self.told(world, &event)?;
        }
        Ok(())
    }

    /// These offsets are committed: of each webhook below them, the state of its account says that
    /// it was taken in. Of accounts without a state nothing is to be said.
    ///
    /// # Errors
    ///
    /// Where one was passed that was not.
    pub fn offsets(&mut self, kafka: &Kafka, offsets: &BTreeMap<i32, i64>) -> Result<(), Broken> {
        for (partition, next) in offsets {
            let from = self.passed.insert(*partition, *next).unwrap_or(0);
            let Some(log) = kafka.log(Stored::Events, *partition) else {
                continue;
            };
            for record in (from..*next).filter_map(|offset| log.get(offset)) {
                if is_webhook(record) && !may_be_passed(kafka, *partition, record) {
                    let (offset, key) = (record.offset, record.key.as_deref());
                    let key = String::from_utf8_lossy(key.unwrap_or_default()).into_owned();
                    let text = format!("{offset} of partition {partition}, a webhook of {key}");
                    return Err(Broken::PassedEarly(text));
                }
            }
        }
        Ok(())
    }

    fn told(&mut self, world: &World, event: &AccountLifecycleEvent) -> Result<(), Broken> {
        let account = world.find(event.account_id.as_str());
        let account = account.ok_or_else(|| Broken::Walk(format!("nobody's: {event:?}")))?;
        self.walks[account].goes_on(event).map_err(Broken::Walk)?;
        let newest = self.use_causes(event).map_err(Broken::Cause)?;
        grace::has_waited(&world.accounts[account], event).map_err(Broken::Grace)?;
        let is_shown = |truth: Option<&crate::reference::Truth>| {
            let shown = event.account.as_ref().and_then(|shown| shown.updated_at);
            truth.map(|truth| &truth.status) == event.status.as_ref()
                && (event.event_type == LifecycleType::Unlinked
                    || truth.map(|truth| truth.updated_at) == shown)
        };
        let mut since = world.accounts[account]
            .shown
            .iter()
            .filter(|(_, last, _)| *last >= newest);
        if since.any(|(_, _, truth)| is_shown(truth.as_ref())) {
            return Ok(());
        }
        Err(Broken::Untrue(format!(
            "{event:?} was not shown since {newest}"
        )))
    }

    /// Causes are records of the account, and none of a webhook is the cause of two events. Gives
    /// when the newest was stored.
    fn use_causes(&mut self, event: &AccountLifecycleEvent) -> Result<Micros, String> {
        let mut newest = 0;
        let none = Vec::new();
        let mut none = none;
        let triggers = self
            .triggers
            .get_mut(event.account_id.as_str())
            .unwrap_or(&mut none);
        for cause in &event.caused_by {
            let is_it = |stored: &&mut Trigger| {
                (stored.partition, stored.offset) == (cause.partition, cause.offset)
                    && (stored.event_id, stored.received_at) == (cause.event_id, cause.received_at)
            };
            // Of a topic that was made again, the newest with the offset.
            let stored = triggers.iter_mut().rev().find(is_it);
            let stored = stored.ok_or_else(|| format!("no record of the account: {cause:?}"))?;
            let is_webhook = stored.event_type != ACCOUNT_LISTED_TYPE;
            if is_webhook && std::mem::replace(&mut stored.is_used, true) {
                return Err(format!("{cause:?} again in {event:?}"));
            }
            newest = newest.max(stored.at);
        }
        Ok(newest)
    }

    /// A run ended by itself.
    pub fn ended(&mut self, run: &Run, _is_well: bool) {
        if let Err(broken) = run.ledger.check() {
            self.broken.get_or_insert(broken);
        }
    }

    /// Whether every state is what the API says of its account, and nothing is pending.
    ///
    /// # Errors
    ///
    /// What differs.
    pub fn agrees(&self, kafka: &Kafka, world: &World) -> Result<(), String> {
        let states = states(kafka)?;
        for account in 0..world.accounts.len() {
            let id = world.accounts[account].id.as_str();
            let state = states.get(id);
            if let Some(pending) = state.and_then(|state| state.pending.as_ref()) {
                return Err(format!("{id} is pending: {pending:?}"));
            }
            let phase = state.map_or(AccountPhase::None, |state| state.state);
            let status = state.and_then(|state| state.status.as_ref());
            let updated = state.and_then(|state| state.account.as_ref()?.updated_at);
            let truth = world.truth(account);
            let agrees = match truth {
                None => matches!(phase, AccountPhase::None | AccountPhase::Unlinked),
                Some(truth) if truth.status.as_str() == "active" => {
                    phase == AccountPhase::Active && updated == Some(truth.updated_at)
                }
                Some(truth) => match phase {
                    AccountPhase::Degraded | AccountPhase::Failed => status == Some(&truth.status),
                    AccountPhase::Unlinked => true,
                    AccountPhase::None | AccountPhase::Active => false,
                },
            };
            if !agrees {
                let since = truth.map(|truth| moment(truth.updated_at));
                return Err(format!(
                    "{id} is {truth:?} (since {since:?}) and known as {state:?}"
                ));
            }
        }
        Ok(())
    }

    /// Everything has settled, and a round of changes begins or has ended. After a round, what was
    /// told has to be what the reference allows.
    ///
    /// # Errors
    ///
    /// What is not allowed.
    pub fn round(&mut self, kafka: &Kafka, world: &World) -> Result<(), Broken> {
        let states = states(kafka).map_err(Broken::Disagreement)?;
        let mut books = Vec::new();
        for (number, account) in world.accounts.iter().enumerate() {
            let id = account.id.as_str();
            let triggers = self.triggers.get(id).map_or(&[][..], Vec::as_slice);
            let told = self.walks[number].told();
            let after = match self.books.get(number) {
                Some(book) => book.after(triggers, told, world.truth(number)),
                None => Ok(Book::of(states.get(id), triggers.len(), told.len())),
            };
            books.push(after.map_err(|error| Broken::NotAllowed(format!("{id}: {error}")))?);
        }
        self.books = books;
        Ok(())
    }

    /// What has to be true once everything has settled.
    ///
    /// # Errors
    ///
    /// What is broken.
    pub fn settled(&mut self, kafka: &Kafka, world: &World, runs: &[&Run]) -> Result<(), Broken> {
        if let Some(broken) = self.broken.take() {
            return Err(broken);
        }
        if world.most_asked > MOST_REQUESTS {
            return Err(Broken::TooManyRequests(world.most_asked));
        }
        for run in runs {
            run.ledger.check()?;
        }
        let states = states(kafka).map_err(Broken::Disagreement)?;
        for (walk, account) in self.walks.iter().zip(&world.accounts) {
            let version = states
                .get(account.id.as_str())
                .map_or(0, |state| state.version);
            if version != walk.version() {
                let (id, told) = (&account.id, walk.version());
                let text = format!("{id}: version {version} in its state, {told} events");
                return Err(Broken::Disagreement(text));
            }
        }
        let linked: usize = kafka
            .logs(Stored::Linked)
            .map(|(_, log)| log.committed().count())
            .sum();
        let told: usize = self.walks.iter().map(Walk::links).sum();
        if linked != told {
            return Err(Broken::Disagreement(format!(
                "{linked} links on their topic, {told} told"
            )));
        }
        Ok(())
    }
}

fn is_webhook(record: &Record) -> bool {
    let headers = record.headers.as_ref();
    record.key.is_some() && headers.is_some_and(|headers| headers.ingest.is_some())
}

/// Whether a state of the record's account has taken it in, or there is none.
fn may_be_passed(kafka: &Kafka, partition: i32, record: &Record) -> bool {
    let Some(log) = kafka.log(Stored::State, partition) else {
        return true;
    };
    let of_account = |state: &&Record| state.key == record.key && log.is_visible(state);
    let mut states = log.all().rev().filter(of_account);
    let Some(newest) = states.next().and_then(|state| state.value.as_deref()) else {
        return true;
    };
    let has_taken_in = |value: &[u8]| {
        let state: Option<AccountState> = serde_json::from_slice(value).ok();
        let taken_in = state.and_then(|state| state.taken_in);
        taken_in.is_some_and(|taken_in| taken_in.offset >= record.offset)
    };
    has_taken_in(newest) || states.any(|state| state.value.as_deref().is_some_and(has_taken_in))
}

fn look(record: &Record) -> Option<AccountLook> {
    let headers = record.headers.as_ref()?;
    let is_look = headers.event.event_type == ACCOUNT_LOOK_TYPE;
    serde_json::from_slice(record.value.as_deref()?)
        .ok()
        .filter(|_| is_look)
}

fn sort(record: &Record) -> Sort {
    let headers = record.headers.as_ref();
    let event_type = headers.map(|headers| headers.event.event_type.as_str());
    match (look(record).map(|look| look.because), event_type) {
        (Some(LookReason::Disconnected), _) | (None, Some(AccountEvent::DELETED)) => Sort::Deleted,
        (Some(_), _) | (None, Some(ACCOUNT_LISTED_TYPE)) => Sort::Recheck,
        (None, _) => Sort::Webhook,
    }
}

fn date(record: &Record) -> Option<Timestamp> {
    if let Some(look) = look(record) {
        return Some(look.event_date);
    }
    let event = AccountEvent::parse(record.value.as_deref()?).ok()?;
    let received = record.headers.as_ref()?.ingest.as_ref()?.received_at;
    event.event_date.map(|date| date.min(received))
}

fn states(kafka: &Kafka) -> Result<BTreeMap<String, AccountState>, String> {
    let mut newest: BTreeMap<&[u8], &Record> = BTreeMap::new();
    for (_, log) in kafka.logs(Stored::State) {
        for record in log.committed() {
            newest.insert(record.key.as_deref().unwrap_or_default(), record);
        }
    }
    let mut states = BTreeMap::new();
    for record in newest.values() {
        if let Some(value) = record.value.as_deref() {
            let state: AccountState =
                serde_json::from_slice(value).map_err(|error| format!("not a state: {error}"))?;
            states.insert(state.account_id.to_string(), state);
        }
    }
    Ok(states)
}
