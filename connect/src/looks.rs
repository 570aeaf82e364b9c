//! Asks the processor to look at accounts that a page has named and no webhook has announced.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use stackone_link_schemas::{
    ACCOUNT_LOOK_TYPE, AccountId, AccountLook, CloudEvent, LookReason, source_of_project,
};
use stackone_link_transport::Stored;
use stackone_link_wire::{OutgoingRecord, RecordHeaders};
use uuid::Uuid;

use crate::config::LookSettings;
use crate::facts::Facts;
use crate::index::Index;
use crate::metrics::{LookOutcome, Metrics};
use crate::session::{Hint, Owner, Seen, TenantState};
use crate::tenant::TenantKey;

/// How much later other replicas ask, in case the one that received the hint has died.
const OTHERS: SignedDuration = SignedDuration::from_secs(12);

/// The sessions that wait for a look, and how looks are written.
pub(crate) struct Looks {
    settings: LookSettings,
    facts: Arc<Facts>,
    topic: String,
    metrics: Arc<Metrics>,
    waiting: Mutex<HashMap<Uuid, Waiting>>,
}

/// A session whose page has named an account.
#[derive(Debug, Clone, Default)]
struct Waiting {
    tenant: Option<Arc<TenantKey>>,
    hint: Option<(AccountId, Timestamp)>,
    /// Whether this replica received the hint.
    is_ours: bool,
    /// The position of the look on the account events topic; `None` until it is written.
    asked: Option<Stored>,
    /// The time of the last hint that is decided, although the session is not over.
    decided_at: Option<Timestamp>,
}

/// The reason for a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Because {
    /// A page has named the account.
    Linked,
    /// The account was deleted through this service.
    Disconnected,
}

impl Waiting {
    fn is_decided(&self) -> bool {
        self.decided_at.is_some() && self.decided_at == self.hint.as_ref().map(|(_, at)| *at)
    }
}

impl Looks {
    pub(crate) fn new(
        settings: LookSettings,
        facts: Arc<Facts>,
        topic: &str,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            settings,
            facts,
            topic: topic.to_owned(),
            metrics,
            waiting: Mutex::default(),
        }
    }

    /// Notes that this replica received the session's hint, and so is the first to ask. The tenant
    /// is noted, too: where the hint is not stored, the session is still looked at until it is
    /// over.
    pub(crate) fn is_ours(&self, tenant: &TenantKey, session: Uuid) {
        let mut waiting = self.lock();
        let waiting = waiting.entry(session).or_default();
        waiting.is_ours = true;
        let tenant = || Arc::new(tenant.clone());
        waiting.tenant.get_or_insert_with(tenant);
    }

    /// Notes the hint of a session, which was read. A later one replaces it. Returns whether it is
    /// decided since: it may be the one that the session has failed by.
    pub(crate) fn is_hinted(
        &self,
        tenant: &Arc<TenantKey>,
        session: Uuid,
        (hint, answered_at): (&Hint, Option<Timestamp>),
        seen: &Seen,
    ) -> bool {
        let mut waiting = self.lock();
        let waiting = waiting.entry(session).or_default();
        let named = (hint.account_id.clone(), hint.at);
        let is_new = waiting.hint.as_ref() != Some(&named);
        if is_new {
            waiting.hint = Some(named);
            waiting.asked = None;
        }
        waiting.tenant = Some(Arc::clone(tenant));
        // Where it is new, what was seen is of the one before.
        let is_seen = !is_new && (seen.is_looked_at || seen.is_missing);
        let is_decided = is_seen || answered_at == Some(hint.at);
        let before = waiting.decided_at;
        waiting.decided_at = is_decided.then_some(hint.at).or(before);
        waiting.decided_at != before
    }

    /// Returns the time of the session's last hint that is decided.
    pub(crate) fn decided_at(&self, session: Uuid) -> Option<Timestamp> {
        self.lock().get(&session)?.decided_at
    }

    /// Forgets a session that needs no look any more. Returns whether a look was written for it.
    pub(crate) fn is_over(&self, session: Uuid) -> bool {
        let waiting = self.lock().remove(&session);
        waiting.is_some_and(|waiting| waiting.asked.is_some())
    }

    /// Returns the tenants of the waiting sessions.
    pub(crate) fn tenants(&self) -> Vec<Arc<TenantKey>> {
        let waiting = self.lock();
        waiting
            .values()
            .filter_map(|waiting| waiting.tenant.clone())
            .collect()
    }

    /// Writes each look that is due.
    pub(crate) async fn ask_due(&self, now: Timestamp) {
        if !self.settings.enabled {
            return;
        }
        for (session, tenant, (account, at)) in self.due(now) {
            let asked = self.ask(&tenant, &account, Because::Linked, at).await;
            if let Some(waiting) = self.lock().get_mut(&session) {
                waiting.asked = asked;
            }
        }
        self.measure(now);
    }

    fn due(&self, now: Timestamp) -> Vec<(Uuid, Arc<TenantKey>, (AccountId, Timestamp))> {
        let after = SignedDuration::try_from(self.settings.after).unwrap_or_default();
        let waiting = self.lock();
        let due = waiting.iter().filter_map(|(session, waiting)| {
            let hint = waiting.hint.clone()?;
            let after = if waiting.is_ours {
                after
            } else {
                after + OTHERS
            };
            let is_needed = waiting.asked.is_none() && !waiting.is_decided();
            let is_due = is_needed && now.duration_since(hint.1) >= after;
            is_due.then(|| Some((*session, waiting.tenant.clone()?, hint)))?
        });
        due.collect()
    }

    /// Writes a look at an account; returns its position where Kafka has acknowledged it.
    pub(crate) async fn ask(
        &self,
        tenant: &TenantKey,
        account: &AccountId,
        because: Because,
        at: Timestamp,
    ) -> Option<Stored> {
        if !self.settings.enabled {
            return None;
        }
        let look = AccountLook {
            account_id: account.clone(),
            project_id: tenant.project.clone(),
            because: match because {
                Because::Linked => LookReason::Linked,
                Because::Disconnected => LookReason::Disconnected,
            },
            event_date: at,
        };
        let value = serde_json::to_vec(&look).ok()?;
        let record = OutgoingRecord {
            topic: &self.topic,
            key: Some(account.as_str()),
            value: &value,
            headers: RecordHeaders::of(CloudEvent {
                id: Uuid::new_v4(),
                event_type: ACCOUNT_LOOK_TYPE.to_owned(),
                source: source_of_project(tenant.project.as_deref()),
                subject: Some(account.to_string()),
                time: Some(at),
                dataschema: None,
            }),
        };
        let stored = self.facts.publish(&record).await.ok();
        self.metrics.looked(match stored {
            Some(_) => LookOutcome::Published,
            None => LookOutcome::NotPublished,
        });
        stored
    }

    /// Returns what is known of the account that a session names.
    pub(crate) fn seen(&self, session: Uuid, index: &Index) -> Seen {
        let named = index.session(session, |key, tenant, session| {
            let hint = session.hint.as_ref();
            let account = session
                .created
                .account_id
                .as_ref()
                .or(hint.map(|hint| &hint.account_id));
            let hinted_at = hint.map(|hint| hint.at);
            account.map(|account| {
                (
                    key.clone(),
                    account.clone(),
                    hinted_at,
                    self.is_looked_at(session.id, account, tenant),
                )
            })
        });
        let Some((tenant, account, hinted_at, is_looked_at)) = named.flatten() else {
            return Seen::default();
        };
        let owner = index.owner(&account, &tenant);
        let give_up = SignedDuration::try_from(self.settings.give_up_after).unwrap_or_default();
        let is_late = hinted_at.is_some_and(|at| Timestamp::now().duration_since(at) >= give_up);
        Seen {
            owner,
            is_looked_at,
            is_missing: is_late
                && matches!(owner, Owner::Nobody | Owner::Gone)
                && self.was_asked(session),
        }
    }

    fn is_looked_at(&self, session: Uuid, account: &AccountId, tenant: &TenantState) -> bool {
        let asked = self.lock().get(&session).and_then(|waiting| waiting.asked);
        let account = tenant.account(account);
        asked
            .zip(account)
            .is_some_and(|(Stored { partition, offset }, account)| {
                account.has_consumed(partition, offset)
            })
    }

    fn was_asked(&self, session: Uuid) -> bool {
        let waiting = self.lock();
        waiting
            .get(&session)
            .is_some_and(|waiting| waiting.asked.is_some())
    }

    fn measure(&self, now: Timestamp) {
        let waiting = self.lock();
        let undecided = waiting.values();
        let undecided = undecided.filter(|one| one.asked.is_some() && !one.is_decided());
        let ages = undecided.filter_map(|waiting| {
            let (_, at) = waiting.hint.as_ref()?;
            Duration::try_from(now.duration_since(*at)).ok()
        });
        let ages: Vec<_> = ages.collect();
        let oldest = ages.iter().max().copied().unwrap_or_default();
        self.metrics.undecided_looks(ages.len(), oldest);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use stackone_link_transport::KafkaConfig;

    use super::*;

    #[tokio::test]
    async fn a_hint_that_was_not_stored_is_forgotten_with_its_session() {
        let second = Duration::from_secs(1);
        let kafka = (KafkaConfig::plaintext("127.0.0.1:1"), second);
        let index = Arc::new(Index::new(true));
        let facts = Facts::new(kafka, "facts", index, second).unwrap();
        let settings = LookSettings {
            enabled: true,
            after: second,
            give_up_after: second,
        };
        let metrics = Arc::new(Metrics::new().unwrap());
        let looks = Looks::new(settings, Arc::new(facts), "events", metrics);
        let tenant = TenantKey {
            project: None,
            id: "t".to_owned(),
        };
        let session = Uuid::from_u128(1);
        looks.is_ours(&tenant, session);
        let settled = looks.tenants();
        assert_eq!(settled.len(), 1, "the settler comes back until it is over");
        assert!(!looks.is_over(session));
        assert!(looks.lock().is_empty());
    }
}
