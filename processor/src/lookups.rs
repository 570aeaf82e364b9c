//! Runs lookups on the runtime. Their results come back as messages.

use crate::clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;
use crate::projects::ProjectClients;
use crate::shell::Post;
use crate::tasks::{BATCH_LOOKUP, LOOKUP, PROBE, Tasks};
use stackone_processor_core::api_gate::batch::{Asked, read};
use stackone_processor_core::processor::Input;
use stackone_processor_core::processor::input::{LookedUp, LookedUpTogether};
use stackone_processor_core::time::Monotonic;
use stackone_processor_core::work::AccountKey;
use stackone_processor_core::work::queue::Lane;

/// Sends lookups.
pub struct Lookups {
    projects: Arc<ProjectClients>,
    tasks: Tasks,
    post: Post,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
    /// For each project, the generation of the key that was probed last.
    probed: Arc<[AtomicU64]>,
}

impl Lookups {
    /// Makes the sender. Results go to `post`.
    #[must_use]
    pub fn new(
        projects: Arc<ProjectClients>,
        tasks: Tasks,
        post: Post,
        metrics: Arc<Metrics>,
        stop: CancellationToken,
    ) -> Self {
        let probed = (0..projects.len()).map(|_| AtomicU64::new(0)).collect();
        Self {
            probed,
            projects,
            tasks,
            post,
            metrics,
            stop,
        }
    }

    /// Sends a lookup.
    pub fn send(&self, key: AccountKey, lane: Lane, epoch: u64, sent: Monotonic) {
        let (projects, post, metrics) = (
            Arc::clone(&self.projects),
            self.post.clone(),
            Arc::clone(&self.metrics),
        );
        let task = async move {
            let Some(project) = projects.get(lane) else {
                return;
            };
            let result = project.client.account(&key.id).await;
            metrics
                .api
                .lookup_answered(projects.label(lane), &result, clock::monotonic() - sent);
            post.input(Input::LookedUp(LookedUp {
                key,
                lane,
                epoch,
                sent,
                result,
            }));
        };
        self.tasks.spawn(LOOKUP, task);
    }

    /// Sends a batch lookup.
    pub fn send_batch(&self, asked: Vec<Asked>, lane: Lane, sent: Monotonic) {
        let (projects, post, metrics) = (
            Arc::clone(&self.projects),
            self.post.clone(),
            Arc::clone(&self.metrics),
        );
        let task = async move {
            let Some(project) = projects.get(lane) else {
                return;
            };
            let ids: Vec<_> = asked.iter().map(|asked| asked.key.id.clone()).collect();
            let result = match project.client.batch(&ids).await {
                Ok(accounts) => Ok(read(asked, accounts)),
                Err(error) => Err((asked, error)),
            };
            metrics
                .api
                .batch_answered(projects.label(lane), &result, clock::monotonic() - sent);
            post.input(Input::LookedUpTogether(LookedUpTogether {
                lane,
                sent,
                result,
            }));
        };
        self.tasks.spawn(BATCH_LOOKUP, task);
    }

    /// Asks whether a project's key is accepted: after `wait`, or as soon as the key differs from
    /// the one that was probed last.
    pub fn probe(&self, lane: Lane, wait: std::time::Duration) {
        let (projects, post, metrics) = (
            Arc::clone(&self.projects),
            self.post.clone(),
            Arc::clone(&self.metrics),
        );
        let (stop, probed) = (self.stop.clone(), Arc::clone(&self.probed));
        let task = async move {
            let Some((project, probed)) = projects.get(lane).zip(probed.get(lane)) else {
                return;
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
                () = project.client.key_replaced(probed.load(Ordering::Acquire)) => {}
            }
            probed.store(project.client.key_generation(), Ordering::Release);
            let sent = clock::monotonic();
            let result = project.client.probe().await;
            metrics
                .api
                .probe_answered(projects.label(lane), &result, clock::monotonic() - sent);
            post.input(Input::Probed { lane, result });
        };
        self.tasks.spawn(PROBE, task);
    }
}
