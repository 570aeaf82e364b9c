//! Writes down how sessions end. Every replica that sees an end writes it; the first in the log
//! counts.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use stackone_link_schemas::{LinkOutcome, LinkReason, LinkSessionChange, LinkSessionSettled};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::connect::channel;
use crate::facts::Facts;
use crate::index::Index;
use crate::looks::Looks;
use crate::metrics::{LookOutcome, Metrics, Notable};
use crate::readiness::Readiness;
use crate::session::{Folded, Session, SessionState, Standing};
use crate::tenant::TenantKey;

/// How often sessions are checked for ends that only the passing of time brings.
const EVERY: Duration = Duration::from_millis(500);
/// The number of those checks between two rounds that forget sessions final for a week: one hour.
const FORGET_EVERY: u32 = 2 * 60 * 60;

/// Decides how sessions end, and writes it down.
pub(crate) struct Settler {
    pub(crate) index: Arc<Index>,
    pub(crate) facts: Arc<Facts>,
    pub(crate) looks: Arc<Looks>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) readiness: Arc<Readiness>,
    /// The open sessions that were found ambiguous: each is counted once, and checked until another
    /// session no longer stands in its way because its time is over, which no record says.
    pub(crate) ambiguous: HashMap<Uuid, Arc<TenantKey>>,
    /// The cancelled sessions of which an account came all the same, so that each is counted once.
    pub(crate) after_cancel: HashSet<Uuid>,
    /// The tenants of which a fact could not be written; the next tick tries again.
    pub(crate) again: HashSet<Arc<TenantKey>>,
}

/// The end of a session that is not written down yet.
struct Ending {
    session: Uuid,
    settled: LinkSessionSettled,
    channel: &'static str,
    created_at: Timestamp,
    hinted_at: Option<Timestamp>,
}

impl Settler {
    /// Settles sessions until `stop`, which does not wait for what is being written.
    pub(crate) async fn run(self, stop: CancellationToken) {
        stop.run_until_cancelled(self.settle_all()).await;
    }

    /// Settles sessions once both topics are read to their ends: before that an account may seem to
    /// fit one session, or to be missing, because the rest is not read yet.
    async fn settle_all(mut self) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.readiness.is_ready() {
            ticks.tick().await;
        }
        let mut until_forgetting = FORGET_EVERY;
        loop {
            let mut tenants: HashSet<Arc<TenantKey>> = HashSet::new();
            tokio::select! {
                () = self.index.has_changed.notified() => {}
                _ = ticks.tick() => {
                    self.looks.ask_due(Timestamp::now()).await;
                    tenants.extend(self.looks.tenants());
                    tenants.extend(self.ambiguous.values().cloned());
                    tenants.extend(self.again.drain());
                    until_forgetting -= 1;
                }
            }
            tenants.extend(self.index.take_changed());
            for tenant in tenants {
                self.settle(&tenant).await;
            }
            if until_forgetting == 0 {
                until_forgetting = FORGET_EVERY;
                self.forget(Timestamp::now());
            }
        }
    }

    /// Forgets sessions that have been final for a week.
    fn forget(&mut self, now: Timestamp) {
        self.index.forget_sessions(now);
        let index = &self.index;
        self.after_cancel
            .retain(|id| index.session(*id, |_, _, _| ()).is_some());
    }

    async fn settle(&mut self, tenant: &Arc<TenantKey>) {
        for id in self.open_sessions(tenant) {
            if let Some(ending) = self.look(tenant, id) {
                self.write(tenant, ending).await;
            }
        }
    }

    /// Returns a tenant's open sessions, and puts the others aside, of which there may be
    /// thousands.
    fn open_sessions(&mut self, tenant: &TenantKey) -> Vec<Uuid> {
        let now = Timestamp::now();
        let (mut open, mut over) = (Vec::new(), Vec::new());
        self.index.tenant(tenant, |state| {
            for session in state.sessions() {
                match session.is_over(now) {
                    true => over.push((session.id, state.came_after_cancel(session, now))),
                    false => open.push(session.id),
                }
            }
        });
        for (id, came) in over {
            if came && self.after_cancel.insert(id) {
                self.metrics.noted(Notable::AfterCancel);
            }
            self.looks.is_over(id);
            self.ambiguous.remove(&id);
        }
        open
    }

    /// Returns the end of an open session that has ended and has no fact that says so.
    fn look(&mut self, tenant: &Arc<TenantKey>, id: Uuid) -> Option<Ending> {
        let now = Timestamp::now();
        let seen = self.looks.seen(id, &self.index);
        let standing = self.index.session(id, |_, state, session| {
            let standing = state.state(session, &seen, now).1;
            let ending = Ending::of(session, &standing);
            let hint = session.hint.clone();
            (
                hint.map(|hint| (hint, session.answered_at)),
                ending,
                standing,
            )
        });
        let (hint, ending, standing) = standing?;
        if let Some((hint, answered_at)) = &hint
            && self
                .looks
                .is_hinted(tenant, id, (hint, *answered_at), &seen)
        {
            self.index.wake(id);
        }
        if matches!(standing, Standing::Ambiguous(_)) {
            let before = self.ambiguous.insert(id, Arc::clone(tenant));
            if before.is_none() {
                self.metrics.noted(Notable::Ambiguous);
            }
        }
        ending
    }

    async fn write(&mut self, tenant: &Arc<TenantKey>, ending: Ending) {
        let settled = ending.settled.clone();
        let (outcome, reasons) = (settled.outcome, settled.reasons.clone());
        let change = LinkSessionChange::Settled(settled);
        match self.facts.write(tenant, ending.session, change).await {
            Ok(Folded::Counted) => {
                let was_looked_at = self.looks.is_over(ending.session);
                self.count(&ending, outcome);
                if was_looked_at {
                    self.metrics.looked(found(outcome, &reasons));
                }
                let session = ending.session;
                tracing::info!(%session, ?outcome, ?reasons, was_looked_at, "session settled");
            }
            Ok(Folded::Ignored | Folded::Orphan) => {}
            Err(_unavailable) => {
                self.again.insert(Arc::clone(tenant));
            }
        }
    }

    fn count(&self, ending: &Ending, outcome: LinkOutcome) {
        let now = Timestamp::now();
        let since = |at: Timestamp| Duration::try_from(now.duration_since(at)).ok();
        let state = match outcome {
            LinkOutcome::Verified => SessionState::Verified,
            LinkOutcome::Failed => SessionState::Failed,
        };
        let waited = [since(ending.created_at), ending.hinted_at.and_then(since)];
        self.metrics.settled(ending.channel, state, waited);
    }
}

impl Ending {
    fn of(session: &Session, standing: &Standing) -> Option<Self> {
        match standing {
            Standing::Settled(settled) => Some(Self {
                session: session.id,
                settled: settled.clone(),
                channel: channel(&session.created.channel),
                created_at: session.created_at,
                hinted_at: session.hint.as_ref().map(|hint| hint.at),
            }),
            Standing::Waiting
            | Standing::Recovered
            | Standing::Linked(_)
            | Standing::Ambiguous(_) => None,
        }
    }
}

fn found(outcome: LinkOutcome, reasons: &[LinkReason]) -> LookOutcome {
    match outcome {
        LinkOutcome::Verified => LookOutcome::Verified,
        LinkOutcome::Failed if reasons.contains(&LinkReason::NotFound) => LookOutcome::NotFound,
        LinkOutcome::Failed => LookOutcome::Failed,
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use stackone_link_schemas::{LinkSessionFact, TokenMinted};
    use stackone_link_transport::KafkaConfig;
    use tokio::time::timeout;

    use super::*;
    use crate::config::LookSettings;
    use crate::followed::Followed;
    use crate::session::testing::created;

    const AFTER_CANCEL: &str = "stackone_connect_notable_total{what=\"after_cancel\"}";

    /// A settler whose Kafka is away.
    fn settler(index: &Arc<Index>) -> Settler {
        let (second, long) = (Duration::from_secs(1), Duration::from_secs(600));
        let kafka = (KafkaConfig::plaintext("127.0.0.1:1"), long);
        let facts = Facts::new(kafka, "facts", Arc::clone(index), long).unwrap();
        let (facts, metrics) = (Arc::new(facts), Arc::new(Metrics::new().unwrap()));
        let settings = LookSettings {
            enabled: false,
            after: second,
            give_up_after: second,
        };
        let looks = Looks::new(settings, Arc::clone(&facts), "events", Arc::clone(&metrics));
        Settler {
            index: Arc::clone(index),
            facts,
            looks: Arc::new(looks),
            metrics,
            readiness: Arc::default(),
            ambiguous: HashMap::new(),
            after_cancel: HashSet::new(),
            again: HashSet::new(),
        }
    }

    fn tenant() -> TenantKey {
        TenantKey {
            project: None,
            id: "t".to_owned(),
        }
    }

    /// Takes these facts of a session, which happen now.
    fn take(index: &Index, session: u128, changes: Vec<LinkSessionChange>) {
        for (offset, change) in (0..).zip(changes) {
            let fact = LinkSessionFact {
                session_id: Uuid::from_u128(session),
                project_id: None,
                tenant_id: tenant().id,
                change,
            };
            index.take_fact(Some(fact), Timestamp::now(), (0, offset));
        }
    }

    fn confirmed(index: &Index, account: &str) {
        let state = serde_json::json!({
            "account_id": account, "state": "active", "version": 1, "project_id": "x",
            "account": {"provider": "bamboohr", "origin_owner_id": tenant().id},
        });
        let state: stackone_link_schemas::AccountState = serde_json::from_value(state).unwrap();
        index.take_state(state.into());
    }

    #[tokio::test]
    async fn a_stop_does_not_wait_for_a_kafka_that_is_away() {
        let index = Arc::new(Index::new(true));
        let settler = settler(&index);
        for topic in [Followed::Facts, Followed::States] {
            settler.readiness.is_caught_up(topic);
        }
        let minted = LinkSessionChange::TokenMinted(TokenMinted::default());
        let create = LinkSessionChange::Created(Box::new(created(None)));
        take(&index, 1, vec![create, minted]);
        confirmed(&index, "new");
        let stop = CancellationToken::new();
        let mut run = pin!(settler.run(stop.clone()));
        let polled = run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        assert!(index.take_changed().is_empty(), "its end is being written");
        stop.cancel();
        timeout(Duration::from_secs(60), run).await.unwrap();
    }

    #[tokio::test]
    async fn an_account_of_a_cancelled_session_is_counted_once_however_long_that_is_known() {
        let index = Arc::new(Index::new(true));
        let mut settler = settler(&index);
        let minted = LinkSessionChange::TokenMinted(TokenMinted::default());
        let create = LinkSessionChange::Created(Box::new(created(None)));
        take(
            &index,
            1,
            vec![create, minted, LinkSessionChange::Cancelled],
        );
        confirmed(&index, "new");
        let tenant = Arc::new(tenant());
        for _ in 0..3 {
            settler.settle(&tenant).await;
            let metrics = settler.metrics.render((0, 0)).unwrap();
            let mut counts = metrics
                .lines()
                .filter_map(|line| line.strip_prefix(AFTER_CANCEL));
            assert_eq!(counts.next(), Some(" 1"));
            settler.forget(Timestamp::now());
        }
    }
}
