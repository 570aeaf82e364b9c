//! Webhooks: those that changes cause, those that somebody asks for, and what became of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use crate::account::{Account, AccountId};
use crate::account_store::AccountError;
use crate::delivery::courier::Letter;
use crate::delivery::{Delivery, DeliveryCounts, Disturbance, InvalidDisturbance};
use crate::notify::Notify;
use crate::signature::Tamper;
use crate::simulator::Simulator;
use crate::timestamp;
use crate::webhook::{AccountEvent, RecordEvent, WebhookContent};

/// A webhook that no change of the model causes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CustomWebhook {
    /// The project whose address and secret are used; where absent, the account's, else the first.
    pub project_id: Option<String>,
    /// The event's name. `account.created`, `account.updated` and `account.deleted` have the
    /// payload of account events, all others that of record events.
    pub event: String,
    /// The account, known to the simulator or not.
    pub account_id: Option<AccountId>,
    /// The record of a record event; where absent, one is made up.
    pub record_id: Option<String>,
    /// When it happened; where absent, now. (An old one arrives out of order.)
    pub event_date: Option<Timestamp>,
    /// Exactly this is sent instead of a payload.
    pub body: Option<String>,
    /// What is spoilt about it. It is then sent once and never again.
    pub tamper: Option<Tamper>,
}

impl CustomWebhook {
    /// An event about an account.
    #[must_use]
    pub fn new(event: &str, account_id: &AccountId) -> Self {
        Self {
            event: event.to_owned(),
            account_id: Some(account_id.clone()),
            ..Self::default()
        }
    }

    /// These bytes, rightly signed, whatever they are.
    #[must_use]
    pub fn raw(body: &str) -> Self {
        Self {
            body: Some(body.to_owned()),
            ..Self::default()
        }
    }

    /// The same, spoilt.
    #[must_use]
    pub fn tampered(self, tamper: Tamper) -> Self {
        Self {
            tamper: Some(tamper),
            ..self
        }
    }
}

impl Simulator {
    /// Every attempt from now on. A receiver that falls some thousand behind misses the oldest.
    #[must_use]
    pub fn deliveries(&self) -> broadcast::Receiver<Delivery> {
        self.inner.courier.journal().subscribe()
    }

    /// The newest attempts, oldest first.
    #[must_use]
    pub fn newest_deliveries(&self, limit: usize) -> Vec<Delivery> {
        self.inner.courier.journal().newest(limit)
    }

    /// Totals since the start.
    #[must_use]
    pub fn delivered(&self) -> DeliveryCounts {
        self.inner.courier.journal().counts()
    }

    /// Waits until every webhook is delivered, lost or given up, or the simulator stops.
    pub async fn settled(&self) {
        let settled = self.inner.courier.journal().settled();
        self.inner.stop.run_until_cancelled(settled).await;
    }

    /// What goes wrong with webhooks from now on.
    ///
    /// # Errors
    ///
    /// When it cannot be carried out.
    pub fn set_disturbance(&self, disturbance: Disturbance) -> Result<(), InvalidDisturbance> {
        disturbance.validate()?;
        self.inner.courier.set_disturbance(disturbance);
        Ok(())
    }

    /// What goes wrong with webhooks now, with what is left of `lose_next`.
    #[must_use]
    pub fn disturbance(&self) -> Disturbance {
        self.inner.courier.disturbance()
    }

    /// Delivers a webhook once more, by the number that its [`Delivery`] has. False: it is not
    /// among the newest ones.
    #[must_use]
    pub fn redeliver(&self, webhook: u64) -> bool {
        self.inner.courier.redeliver(webhook)
    }

    /// Sends a webhook that no change has caused, and gives its number. It goes the way of all:
    /// retried, disturbed, recorded.
    ///
    /// # Errors
    ///
    /// When the project is unknown.
    pub fn send_webhook(&self, custom: CustomWebhook) -> Result<u64, AccountError> {
        let account = custom.account_id.as_ref().and_then(|id| self.account(id));
        let named = custom.project_id.as_deref();
        let owner = account.as_ref().map(|account| account.project_id.as_str());
        let project = self.project(named.or(owner))?;
        let letter = Letter {
            project: project.clone(),
            content: content(&custom, &project.id, account.as_ref()),
            event: custom.event,
            account_id: custom.account_id,
            tamper: custom.tamper,
        };
        Ok(self.inner.courier.send(letter, false))
    }

    pub(super) fn announce(&self, account: &Account, event: &str, notify: Notify) {
        let lost = match notify {
            Notify::Send => false,
            Notify::Lose => true,
            Notify::Silent => return,
        };
        let Ok(project) = self.project(Some(&account.project_id)) else {
            return;
        };
        // A project without a webhook is not an error: StackOne sends nothing then.
        if project.target().is_none() && !lost {
            return;
        }
        let letter = Letter {
            project: project.clone(),
            event: event.to_owned(),
            account_id: Some(account.id.clone()),
            content: WebhookContent::Account(AccountEvent::of(account, event)),
            tamper: None,
        };
        self.inner.courier.send(letter, lost);
    }
}

fn content(custom: &CustomWebhook, project_id: &str, account: Option<&Account>) -> WebhookContent {
    if let Some(body) = &custom.body {
        return WebhookContent::Raw(body.clone().into_bytes());
    }
    let event_date = custom
        .event_date
        .map_or_else(timestamp::now, timestamp::to_millisecond);
    let account_id = custom.account_id.clone().unwrap_or_else(|| "".into());
    if !AccountEvent::is_name(&custom.event) {
        let record_id = custom.record_id.clone();
        return WebhookContent::Record(RecordEvent {
            project_id: project_id.to_owned(),
            account_id,
            event: custom.event.clone(),
            event_date,
            record_id: record_id
                .unwrap_or_else(|| format!("record-{}", event_date.as_millisecond())),
        });
    }
    let event = account.map_or_else(
        || AccountEvent::of_unknown(project_id, &account_id, &custom.event),
        |account| AccountEvent::of(account, &custom.event),
    );
    WebhookContent::Account(AccountEvent {
        project_id: project_id.to_owned(),
        event_date,
        ..event
    })
}
