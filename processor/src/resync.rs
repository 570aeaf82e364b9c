//! Resync: lists a project's accounts with a trigger for each, which heals webhooks that are lost.
//!
//! The lister decides nothing. The owner of each account compares the trigger with its own state,
//! and looks the account up where they differ. After a complete list it also looks up the accounts
//! that were missing. So only the owner ever emits.

pub mod markers;
mod pages;
mod told;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use stackone_client_types::{ApiError, ListPage, Listed};
use stackone_link_schemas::{
    ACCOUNT_LISTED_TYPE, AccountId, AccountListed, CloudEvent, LISTING_MARKER_TYPE, ListingMarker,
    event_id_of_body, source_of_project,
};
use stackone_link_transport::{
    KafkaConfig, PublishError, Publisher, StartError, TopicAdmin, TopicAdminError,
};
use stackone_link_wire::{OutgoingRecord, RecordHeaders};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::projects::ProjectClient;
use pages::{NextPage, Pages};
use stackone_processor_core::event::listings::no_status;
use stackone_processor_core::work::backoff::Backoff;
pub use told::{ListProgress, ListSummary, Unanswered};

/// How long a trigger may take to be stored.
const ACK_DEADLINE: Duration = Duration::from_secs(30);
/// How often a page is requested before the run fails. The next run starts over.
const PAGE_ATTEMPTS: u32 = 8;
/// How many triggers are being stored at once.
const AT_ONCE: usize = 100;

/// The settings of a run.
#[derive(Debug, Clone)]
pub struct ResyncSettings {
    /// How to reach Kafka.
    pub kafka: KafkaConfig,
    /// The name of the account events topic.
    pub topic: String,
    /// Accounts on a page; StackOne's unified API allows 100.
    pub page_size: u32,
    /// Pages in a minute, in addition to the budget of lookups.
    pub requests_per_minute: u32,
    /// The waits after a failed request for a page.
    pub backoff: Backoff,
}

/// Why a run ended early. What it published does no harm, and the next run starts over.
#[derive(Debug, thiserror::Error)]
pub enum ResyncError {
    /// The accounts API gave no answer for a page.
    #[error("the accounts API does not list its accounts")]
    Api(#[from] ApiError),
    /// A trigger could not be stored.
    #[error("a trigger could not be stored")]
    Publish(#[from] PublishError),
    /// The producer could not be made.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The number of the topic's partitions is not known.
    #[error(transparent)]
    Topic(#[from] TopicAdminError),
    /// A trigger cannot be written as JSON.
    #[error("trigger cannot be encoded")]
    Encode(#[from] serde_json::Error),
    /// No project has this lane.
    #[error("no such project is configured")]
    NoProject,
    /// The process stops.
    #[error("interrupted")]
    Interrupted,
}

/// Lists one project, until `stop`. `progress` is called after each page, and before each wait for
/// an API that does not answer.
///
/// # Errors
///
/// Fails as [`ResyncError`] says.
pub async fn run(
    settings: &ResyncSettings,
    project: ProjectClient<'_>,
    stop: &CancellationToken,
    progress: impl FnMut(ListProgress<'_>),
) -> Result<ListSummary, ResyncError> {
    // A stop ends every wait: between pages, for an answer, or for a trigger to be stored.
    stop.run_until_cancelled(list(settings, project, progress))
        .await
        .unwrap_or(Err(ResyncError::Interrupted))
}

async fn list(
    settings: &ResyncSettings,
    project: ProjectClient<'_>,
    mut progress: impl FnMut(ListProgress<'_>),
) -> Result<ListSummary, ResyncError> {
    let run = ListRun::start(settings, project).await?;
    run.mark(false).await?;
    let (mut pages, mut summary) = (
        Pages::new(run.id, settings.page_size),
        ListSummary::default(),
    );
    let mut next = NextPage::Page(None);
    while let NextPage::Page(number) = next {
        let listed = run
            .page(number, |unanswered| {
                progress(ListProgress::Unanswered(unanswered))
            })
            .await?;
        summary.pages += 1;
        let nameless = pages.nameless();
        let (new, then) = pages.take(listed);
        summary.unusable += pages.nameless() - nameless;
        let triggers: Vec<AccountListed> = new.iter().filter_map(|one| run.trigger(one)).collect();
        run.publish(&triggers).await?;
        let usable = triggers.iter().filter(|one| one.status != no_status());
        let (usable, count) = (usable.count(), |count| {
            u64::try_from(count).unwrap_or(u64::MAX)
        });
        summary.listed += count(usable);
        summary.unusable += count(new.len() - usable);
        progress(ListProgress::Page {
            summary: &summary,
            new: &triggers,
        });
        next = then;
    }
    summary.is_complete = next == NextPage::Complete;
    if summary.is_complete {
        run.mark(true).await?;
    } else {
        tracing::warn!(
            pages = summary.pages,
            "the list repeats itself, so it may be incomplete: nothing is taken to be missing"
        );
    }
    Ok(summary)
}

struct ListRun<'a> {
    id: Uuid,
    settings: &'a ResyncSettings,
    project: ProjectClient<'a>,
    publisher: Arc<Publisher>,
    partitions: i32,
    started_at: Timestamp,
}

impl<'a> ListRun<'a> {
    async fn start(
        settings: &'a ResyncSettings,
        project: ProjectClient<'a>,
    ) -> Result<Self, ResyncError> {
        let partitions = TopicAdmin::new(&settings.kafka)?
            .partition_count(&settings.topic)
            .await?;
        let publisher = Arc::new(Publisher::new(
            &settings.kafka,
            "stackone-resync",
            ACK_DEADLINE,
        )?);
        let started_at = Timestamp::now();
        let random = fastrand::u128(..).to_be_bytes();
        let id = event_id_of_body(&random);
        Ok(Self {
            id,
            settings,
            project,
            publisher,
            partitions,
            started_at,
        })
    }

    /// Writes to every partition that the run begins, or that its list is complete. Partition 0
    /// comes last, because its marker sets when the next run is due: when it has one, all have.
    async fn mark(&self, is_complete: bool) -> Result<(), ResyncError> {
        let (run, project_id, started_at) = (self.id, self.project.id.clone(), self.started_at);
        let value = serde_json::to_vec(&ListingMarker {
            run,
            project_id,
            started_at,
            is_complete,
        })?;
        let headers = self.headers(LISTING_MARKER_TYPE, &value, None);
        for partition in (0..self.partitions).rev() {
            let headers = headers.clone();
            let record = OutgoingRecord {
                topic: &self.settings.topic,
                key: None,
                value: &value,
                headers,
            };
            self.publisher.publish_to(&record, partition).await?;
        }
        Ok(())
    }

    async fn publish(&self, triggers: &[AccountListed]) -> Result<(), ResyncError> {
        for chunk in triggers.chunks(AT_ONCE) {
            let stored = chunk.iter().map(|trigger| self.store(trigger));
            futures_util::future::try_join_all(stored).await?;
        }
        Ok(())
    }

    /// Returns `None` where the account's id cannot be used.
    fn trigger(&self, listed: &Listed) -> Option<AccountListed> {
        Some(AccountListed {
            run: self.id,
            project_id: self.project.id.clone(),
            account_id: AccountId::try_from(listed.id.as_str()).ok()?,
            status: listed.status.clone().unwrap_or_else(no_status),
            updated_at: listed.updated_at,
        })
    }

    async fn store(&self, trigger: &AccountListed) -> Result<(), ResyncError> {
        let value = serde_json::to_vec(trigger)?;
        let headers = self.headers(ACCOUNT_LISTED_TYPE, &value, Some(&trigger.account_id));
        let record = OutgoingRecord {
            topic: &self.settings.topic,
            key: Some(trigger.account_id.as_str()),
            value: &value,
            headers,
        };
        self.publisher.publish(&record).await?;
        Ok(())
    }

    fn headers(
        &self,
        event_type: &str,
        value: &[u8],
        account: Option<&AccountId>,
    ) -> RecordHeaders {
        RecordHeaders::of(CloudEvent {
            id: event_id_of_body(value),
            event_type: event_type.to_owned(),
            source: source_of_project(self.project.id.as_deref()),
            subject: account.map(ToString::to_string),
            time: Some(self.started_at),
            dataschema: None,
        })
    }

    /// Reads a page at the pace of the resync's own budget, and repeats requests that failed for a
    /// reason that may pass.
    async fn page(
        &self,
        number: Option<u32>,
        mut unanswered: impl FnMut(Unanswered<'_>),
    ) -> Result<ListPage, ResyncError> {
        let pace = Duration::from_secs(60) / self.settings.requests_per_minute.max(1);
        let mut wait = if number.is_some() {
            pace
        } else {
            Duration::ZERO
        };
        let client = self.project.client;
        let mut attempt = 1;
        loop {
            tokio::time::sleep(wait).await;
            let error = match client.accounts(number, self.settings.page_size).await {
                Ok(listed) => return Ok(listed),
                Err(error) => error,
            };
            let asked = match &error {
                ApiError::RateLimited { retry_after } => {
                    Some(retry_after.unwrap_or(Duration::from_secs(60)))
                }
                ApiError::Unavailable { retry_after, .. } => *retry_after,
                ApiError::Refused { .. }
                | ApiError::Rejected { .. }
                | ApiError::Unreadable { .. } => return Err(error.into()),
            };
            if attempt >= PAGE_ATTEMPTS {
                return Err(error.into());
            }
            let backoff = self.settings.backoff;
            wait = pace.max(backoff.wait(attempt, asked, fastrand::f64()));
            let later = attempt + 1..PAGE_ATTEMPTS;
            let longest = later.map(|attempt| pace.max(backoff.wait(attempt, None, 1.0)));
            unanswered(Unanswered {
                error: &error,
                again_in: wait,
                attempts_left: PAGE_ATTEMPTS - attempt,
                at_most: wait + longest.sum::<Duration>(),
            });
            attempt += 1;
        }
    }
}
