//! Requests to StackOne, within our own budget and not before the end of a wait that StackOne asked
//! for.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use stackone_client::{
    ApiError, ApiVersion, Client, ClientOptions, ConnectSession, ConnectSessionRequest, Deletion,
    PersonalFields, StartError,
};
use stackone_link_schemas::AccountId;
use url::Url;

use crate::config::{Config, Secrets};
use crate::metrics::{Metrics, Operation};
use crate::problem::{Problem, Reason};

/// The wait after a 429 without `Retry-After`.
const WAIT: Duration = Duration::from_secs(60);
/// The longest wait after a 429, whatever it asks for.
const MAX_WAIT: Duration = Duration::from_secs(5 * 60);

/// The projects, in the order of the settings.
pub(crate) struct Projects(Vec<Project>);

/// A project with its client and its budget.
pub(crate) struct Project {
    id: Option<String>,
    base_url: Url,
    client: Client,
    budget: Budget,
}

/// Spaces requests out: up to a second's worth at once, and none before the end of a wait.
#[derive(Debug)]
struct Budget {
    every: Duration,
    at_once: Duration,
    /// The time at which the budget is full again.
    full_at: Mutex<Instant>,
    not_before: Mutex<Option<Instant>>,
}

impl Budget {
    fn new(per_minute: u32, now: Instant) -> Self {
        let every = Duration::from_secs(60) / per_minute.max(1);
        Self {
            every,
            at_once: every.max(Duration::from_secs(1)),
            full_at: Mutex::new(now),
            not_before: Mutex::default(),
        }
    }

    /// Takes one request out of the budget, or returns how long there is none.
    fn take(&self, now: Instant) -> Result<(), Duration> {
        let not_before = *self
            .not_before
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(wait) = not_before
            .and_then(|at| at.checked_duration_since(now))
            .filter(|wait| !wait.is_zero())
        {
            return Err(wait);
        }
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let next = (*full_at).max(now) + self.every;
        match next
            .saturating_duration_since(now)
            .checked_sub(self.at_once)
        {
            Some(over) if !over.is_zero() => Err(over),
            _ => {
                *full_at = next;
                Ok(())
            }
        }
    }

    fn wait(&self, wait: Option<Duration>, now: Instant) {
        let until = now + wait.unwrap_or(WAIT).min(MAX_WAIT);
        *self
            .not_before
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(until);
    }
}

impl Projects {
    pub(crate) fn new(config: &Config) -> Result<Self, StartError> {
        let settings = &config.settings;
        let keys = config.secrets.api_keys.iter();
        let projects = settings.projects.iter().zip(keys).map(|(project, key)| {
            let client = Client::new(ClientOptions {
                base_url: project.base_url.clone(),
                api_key: key.value.clone(),
                api_version: ApiVersion::V1,
                timeout: settings.stackone.timeout,
                personal: PersonalFields {
                    setup_information: false,
                    origin_username: false,
                },
            })?;
            Ok(Project {
                id: project.id.clone(),
                base_url: project.base_url.clone(),
                client,
                budget: Budget::new(settings.stackone.requests_per_minute, Instant::now()),
            })
        });
        Ok(Self(projects.collect::<Result<_, StartError>>()?))
    }

    /// Uses these keys from now on.
    pub(crate) fn replace_keys(&self, secrets: &Secrets) {
        for (project, key) in self.0.iter().zip(&secrets.api_keys) {
            let value: SecretString = key.value.clone();
            if project.client.replace_key(value) {
                tracing::info!(
                    project = project.name(),
                    "the API key has changed; the new one is in use"
                );
            }
        }
    }

    pub(crate) fn get(&self, id: Option<&str>) -> Result<&Project, Problem> {
        let project = self.0.iter().find(|project| project.id.as_deref() == id);
        project.ok_or_else(|| Reason::NotFound.into())
    }

    /// Returns the address of StackOne's API, as the Hub of each project uses it.
    pub(crate) fn base_urls(&self) -> impl Iterator<Item = &Url> {
        self.0.iter().map(|project| &project.base_url)
    }
}

impl Project {
    /// Returns the value of the label `project` in metrics.
    pub(crate) fn name(&self) -> &str {
        self.id.as_deref().unwrap_or("default")
    }

    /// Returns the address of StackOne's API for the Hub, without a slash at the end.
    pub(crate) fn base_url(&self) -> String {
        self.base_url.as_str().trim_end_matches('/').to_owned()
    }

    /// Reserves one request, or refuses it with the time to wait.
    pub(crate) fn admit(&self) -> Result<(), Problem> {
        self.budget
            .take(Instant::now())
            .map_err(|wait| Problem::from(Reason::StackoneUnavailable).after(wait.as_secs() + 1))
    }

    pub(crate) async fn create(
        &self,
        request: &ConnectSessionRequest,
        metrics: &Metrics,
    ) -> Result<ConnectSession, Problem> {
        let answer = self.client.create_connect_session(request).await;
        self.judged(Operation::CreateConnectSession, answer, metrics)
    }

    pub(crate) async fn delete(
        &self,
        account: &AccountId,
        metrics: &Metrics,
    ) -> Result<Deletion, Problem> {
        let answer = self.client.delete_account(account).await;
        self.judged(Operation::DeleteAccount, answer, metrics)
    }

    fn judged<T>(
        &self,
        operation: Operation,
        answer: Result<T, ApiError>,
        metrics: &Metrics,
    ) -> Result<T, Problem> {
        let outcome = answer.as_ref().map_or_else(ApiError::outcome, |_| "ok");
        metrics.stackone_answered(self.name(), operation, outcome);
        answer.map_err(|error| {
            let operation = operation.label();
            tracing::error!(project = self.name(), operation, %error, "StackOne gave no usable answer");
            match error {
                ApiError::RateLimited { retry_after } => {
                    self.budget.wait(retry_after, Instant::now());
                    unavailable(retry_after.or(Some(WAIT)))
                }
                ApiError::Unavailable { retry_after, .. } => unavailable(retry_after),
                ApiError::Refused { .. } | ApiError::Rejected { .. } | ApiError::Unreadable { .. } => {
                    Reason::StackoneRefused.into()
                }
            }
        })
    }
}

fn unavailable(wait: Option<Duration>) -> Problem {
    let problem = Problem::from(Reason::StackoneUnavailable);
    match wait {
        Some(wait) => problem.after(wait.min(MAX_WAIT).as_secs()),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_asked_than_the_budget_has_and_nothing_before_the_end_of_a_wait() {
        let start = Instant::now();
        let budget = Budget::new(300, start);
        let taken = (0..10).filter(|_| budget.take(start).is_ok()).count();
        assert_eq!(taken, 5, "a second's worth");
        let second = Duration::from_secs(1);
        let later = (1..=60).map(|nth| start + nth * second);
        let taken: usize = later
            .map(|now| (0..10).filter(|_| budget.take(now).is_ok()).count())
            .sum();
        assert_eq!(taken, 300);
        let now = start + 100 * second;
        budget.wait(Some(7 * second), now);
        assert_eq!(budget.take(now), Err(7 * second));
        assert_eq!(budget.take(now + 7 * second), Ok(()));
        budget.wait(Some(3600 * second), now);
        assert_eq!(budget.take(now), Err(MAX_WAIT));
    }
}
