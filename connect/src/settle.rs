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
    /// Settles sessions until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut until_forgetting = FORGET_EVERY;
        loop {
            let mut tenants: HashSet<Arc<TenantKey>> = HashSet::new();
            tokio::select! {
                () = stop.cancelled() => return,
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
                self.index.forget_sessions(Timestamp::now());
                self.after_cancel.clear();
            }
        }
    }

    async fn settle(&mut self, tenant: &Arc<TenantKey>) {
        let ids: Vec<Uuid> = self.index.tenant(tenant, |state| {
            state.sessions().iter().map(|session| session.id).collect()
        });
        for id in ids {
            if let Some(ending) = self.look(tenant, id) {
                self.write(tenant, ending).await;
            }
        }
    }

    /// Returns the end of a session that has ended and has no fact that says so.
    fn look(&mut self, tenant: &Arc<TenantKey>, id: Uuid) -> Option<Ending> {
        let now = Timestamp::now();
        let seen = self.looks.seen(id, &self.index);
        let standing = self.index.session(id, |_, state, session| {
            let is_over = session.is_over(now);
            let standing = state.state(session, &seen, now).1;
            let hint = session
                .hint
                .as_ref()
                .map(|hint| (hint.account_id.clone(), hint.at));
            let came = state.came_after_cancel(session, now);
            (
                is_over,
                came,
                hint,
                Ending::of(session, &standing),
                standing,
            )
        });
        let (is_over, came, hint, ending, standing) = standing?;
        if is_over {
            if came && self.after_cancel.insert(id) {
                self.metrics.noted(Notable::AfterCancel);
            }
            self.looks.is_over(id);
            self.ambiguous.remove(&id);
            return None;
        }
        if let Some((account, at)) = &hint {
            self.looks.is_hinted(tenant, id, (account, *at));
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
