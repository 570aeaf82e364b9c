//! StackOne: what is true of each account, its webhooks, and what its API shows.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use jiff::SignedDuration;
use stackone_client_types::{Account, ApiError, Lookup};
use stackone_link_schemas::{
    ACCOUNT_LOOK_TYPE, AccountId, AccountLook, AccountSnapshot, AccountStatus, CloudEvent,
    LookReason, event_id_of_body, source_of_project,
};
use stackone_link_wire::{IngestHeaders, RecordHeaders};

use crate::history::{ApiMode, Change};
use crate::kafka::log::New;
use crate::reference::Truth;
use crate::stream::Stream;
use crate::time::{MINUTE, Micros, SECOND, wall};

/// How old a stale answer may be: less than the lag recheck waits.
const STALE: Micros = 4 * SECOND;
/// How long the client waits for an answer.
pub const PATIENCE: Micros = 10 * SECOND;

/// An account at StackOne.
#[derive(Debug)]
pub struct Linked {
    /// Its id.
    pub id: AccountId,
    /// What was true of it from when on, oldest first.
    pub eras: Vec<(Micros, Option<Truth>)>,
    /// What the API showed of it, each from its first to its last showing.
    pub shown: Vec<(Micros, Micros, Option<Truth>)>,
}

/// StackOne.
#[derive(Debug)]
pub struct World {
    /// Its accounts.
    pub accounts: Vec<Linked>,
    modes: Vec<(ApiMode, u64, Micros)>,
    draw: Stream,
    /// When it was asked, over the last minute.
    asked: VecDeque<Micros>,
    /// Most requests in any minute.
    pub most_asked: usize,
    labels: u64,
}

impl World {
    /// Accounts that are not linked yet.
    #[must_use]
    pub fn new(seed: u64, accounts: usize) -> Self {
        let account = |number: usize| {
            let id = AccountId::try_from(format!("account-{number}-{seed:x}")).ok()?;
            Some(Linked {
                id,
                eras: vec![(0, None)],
                shown: Vec::new(),
            })
        };
        Self {
            accounts: (0..accounts).filter_map(account).collect(),
            modes: Vec::new(),
            draw: Stream::of(seed, "api", 0),
            asked: VecDeque::new(),
            most_asked: 0,
            labels: 0,
        }
    }

    /// What is true of an account.
    #[must_use]
    pub fn truth(&self, account: usize) -> Option<&Truth> {
        self.accounts.get(account)?.eras.last()?.1.as_ref()
    }

    /// An account's place.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<usize> {
        let number = id.strip_prefix("account-")?.split('-').next()?;
        number
            .parse()
            .ok()
            .filter(|number| *number < self.accounts.len())
    }

    /// Changes an account; gives the event's name.
    pub fn change(&mut self, account: usize, change: &Change, now: Micros) -> &'static str {
        self.labels += 1;
        let before = self.truth(account).cloned();
        let status = |status: &str| AccountStatus::from(status);
        let was = before
            .as_ref()
            .map_or_else(|| status("active"), |truth| truth.status.clone());
        let label = before.as_ref().and_then(|truth| truth.label.clone());
        let event = match (change, &before) {
            (Change::Unlink, _) => "account.deleted",
            (_, None) => "account.created",
            (Change::Status(_) | Change::Refresh | Change::Relabel, Some(_)) => "account.updated",
        };
        let truth = |status, label| {
            Some(Truth {
                status,
                label,
                updated_at: wall(now),
            })
        };
        let after = match change {
            Change::Status(new) => truth(status(new), label),
            Change::Refresh => truth(was, label),
            Change::Relabel => truth(was, Some(format!("label {}", self.labels))),
            Change::Unlink => None,
        };
        if let Some(account) = self.accounts.get_mut(account) {
            account.eras.push((now, after));
        }
        event
    }

    /// The record of a webhook, as ingest writes it.
    #[must_use]
    pub fn webhook(&self, account: usize, event: &str, date: Micros, now: Micros) -> Option<New> {
        let id = &self.accounts.get(account)?.id;
        let value = format!(
            r#"{{"event":"{event}","account_id":"{id}","event_date":"{}"}}"#,
            wall(date)
        );
        let mut headers = RecordHeaders::of(CloudEvent {
            id: event_id_of_body(value.as_bytes()),
            event_type: event.to_owned(),
            source: source_of_project(None),
            subject: Some(id.to_string()),
            time: Some(wall(date)),
            dataschema: None,
        });
        headers.ingest = Some(IngestHeaders {
            source: "main".to_owned(),
            received_at: wall(now),
        });
        Some(New {
            key: Some(id.as_str().as_bytes().into()),
            value: Some(value.into_bytes().into()),
            headers: Some(Rc::new(headers)),
        })
    }

    /// The record of a look, as connect and the operators' command write it.
    #[must_use]
    pub fn look(&self, account: usize, is_disconnected: bool, now: Micros) -> Option<New> {
        let id = &self.accounts.get(account)?.id;
        let because = if is_disconnected {
            LookReason::Disconnected
        } else {
            LookReason::Operator
        };
        let look = AccountLook {
            account_id: id.clone(),
            project_id: None,
            because,
            event_date: wall(now),
        };
        let value = serde_json::to_vec(&look).ok()?;
        let headers = RecordHeaders::of(CloudEvent {
            id: event_id_of_body(&value),
            event_type: ACCOUNT_LOOK_TYPE.to_owned(),
            source: source_of_project(None),
            subject: Some(id.to_string()),
            time: Some(wall(now)),
            dataschema: None,
        });
        Some(New {
            key: Some(id.as_str().as_bytes().into()),
            value: Some(value.into()),
            headers: Some(Rc::new(headers)),
        })
    }

    /// The API misbehaves from now on.
    pub fn misbehave(&mut self, mode: ApiMode, percent: u64, until: Micros) {
        self.modes.push((mode, percent, until));
    }

    fn has(&mut self, wanted: &[ApiMode], now: Micros) -> Option<ApiMode> {
        self.modes.retain(|(_, _, until)| now < *until);
        let mut found = None;
        for (mode, percent, _) in &self.modes {
            if wanted.contains(mode) && self.draw.chance(*percent) {
                found = Some(*mode);
            }
        }
        found
    }

    /// A request arrived.
    fn count(&mut self, now: Micros) {
        self.asked.push_back(now);
        while self.asked.front().is_some_and(|at| at + MINUTE <= now) {
            self.asked.pop_front();
        }
        self.most_asked = self.most_asked.max(self.asked.len());
    }

    /// What fails of a request, whatever it asks for. `Hang` is told by the caller's patience.
    fn fails(&mut self, now: Micros) -> Option<ApiError> {
        use ApiMode::{Garbage, Hang, RateLimited, Refused, Rejected, Unavailable};
        self.count(now);
        Some(
            match self.has(
                &[Unavailable, RateLimited, Garbage, Hang, Refused, Rejected],
                now,
            )? {
                RateLimited => ApiError::RateLimited {
                    retry_after: Some(Duration::from_secs(2)),
                },
                Garbage => ApiError::unreadable("not an account"),
                Refused => ApiError::Refused { status: 401 },
                Rejected => ApiError::Rejected { status: 400 },
                Hang => ApiError::unavailable("timed out", None),
                _ => ApiError::unavailable("status 503", None),
            },
        )
    }

    /// How long an answer takes.
    pub fn latency(&mut self, is_late: bool, now: Micros) -> Micros {
        if is_late {
            PATIENCE
        } else if self.has(&[ApiMode::Slow], now).is_some() {
            self.draw.between(SECOND, PATIENCE - SECOND)
        } else {
            self.draw.between(15_000, 150_000)
        }
    }

    /// Whether the key is accepted.
    ///
    /// # Errors
    ///
    /// Where it is not, or nobody knows.
    pub fn probe(&mut self, now: Micros) -> Result<(), ApiError> {
        self.fails(now).map_or(Ok(()), Err)
    }

    /// One account. What a processor is shown that the group does not know any more decides
    /// nothing, and is not noted.
    ///
    /// # Errors
    ///
    /// As the API's mood is.
    pub fn look_up(
        &mut self,
        id: &AccountId,
        by_member: bool,
        now: Micros,
    ) -> Result<Lookup, ApiError> {
        if let Some(error) = self.fails(now) {
            return Err(error);
        }
        let Some(account) = self.find(id.as_str()) else {
            return Ok(Lookup::NotFound);
        };
        let is_hidden = self.has(&[ApiMode::NotFound], now).is_some();
        let truth = if is_hidden {
            None
        } else {
            self.shown_of(account, now)
        };
        if by_member {
            self.note_shown(account, truth.clone(), now);
        }
        Ok(truth.map_or(Lookup::NotFound, |truth| {
            Lookup::Found(Box::new(shown(truth)))
        }))
    }

    /// Several accounts, as a list shows them; see [`Self::look_up`].
    ///
    /// # Errors
    ///
    /// As the API's mood is.
    pub fn list(
        &mut self,
        ids: Option<&[AccountId]>,
        by_member: bool,
        now: Micros,
    ) -> Result<Vec<(String, Account)>, ApiError> {
        if let Some(error) = self.fails(now) {
            return Err(error);
        }
        let odd = self.has(&[ApiMode::ShortLists, ApiMode::OtherLists], now);
        let mut wanted: Vec<usize> = match ids {
            Some(ids) => ids.iter().filter_map(|id| self.find(id.as_str())).collect(),
            None => (0..self.accounts.len()).collect(),
        };
        match odd {
            Some(ApiMode::ShortLists) => wanted.truncate(wanted.len().div_ceil(2)),
            Some(_) => wanted.insert(0, 0),
            None => {}
        }
        let mut list = Vec::new();
        for account in wanted {
            let truth = self.shown_of(account, now);
            if let Some(truth) = truth {
                // The list of a resync decides nothing.
                if ids.is_some() && by_member {
                    self.note_shown(account, Some(truth.clone()), now);
                }
                list.push((self.accounts[account].id.to_string(), shown(truth)));
            }
        }
        Ok(list)
    }

    fn shown_of(&mut self, account: usize, now: Micros) -> Option<Truth> {
        let age = if self.has(&[ApiMode::Stale], now).is_some() {
            self.draw.below(STALE)
        } else {
            0
        };
        let at = now.saturating_sub(age);
        let eras = &self.accounts[account].eras;
        eras.iter()
            .rev()
            .find(|(since, _)| *since <= at)
            .and_then(|(_, truth)| truth.clone())
    }

    fn note_shown(&mut self, account: usize, truth: Option<Truth>, now: Micros) {
        let shown = &mut self.accounts[account].shown;
        match shown.last_mut() {
            Some((_, last, what)) if *what == truth => *last = now,
            Some(_) | None => shown.push((now, now, truth)),
        }
    }
}

fn shown(truth: Truth) -> Account {
    Account {
        status: truth.status,
        status_reasons: Vec::new(),
        snapshot: AccountSnapshot {
            provider: "bamboohr".to_owned(),
            provider_name: None,
            origin_owner_id: "tenant-1".to_owned(),
            origin_owner_name: None,
            origin_username: None,
            label: truth.label,
            account_type: None,
            created_at: None,
            updated_at: Some(truth.updated_at),
            setup_information: None,
        },
    }
}

/// A moment so long before.
#[must_use]
pub fn before(at: Micros, age: Micros) -> jiff::Timestamp {
    let age = SignedDuration::from_micros(i64::try_from(age).unwrap_or(0));
    wall(at).saturating_sub(age).unwrap_or(jiff::Timestamp::MIN)
}
