//! Runs reconcilers, one after the other, until the process stops.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use stackone_link_process::spawn::spawn_blocking;
use tokio::task::JoinError;

use super::RunError;
use super::readiness::{TopicFindings, topics_in_order};
use crate::clock;
use crate::config::Settings;
use crate::consumer::Membership;
use crate::reconciler::{self, Reconciler, ReconcilerError, Surroundings};
use crate::tasks::RECONCILER;
use stackone_processor_core::offsets::open_records::Open;

/// How long to wait before the reconciler is started anew after a failure.
const RESTART: Duration = Duration::from_secs(1);

/// Waits for the topics, then runs reconcilers.
pub(super) async fn supervise(
    settings: Settings,
    merges_triggers: bool,
    surroundings: Surroundings,
    topics: Arc<TopicFindings>,
) -> Result<(), RunError> {
    let stop = surroundings.stop.clone();
    tokio::select! {
        () = stop.cancelled() => return Ok(()),
        () = topics_in_order(&settings, &topics) => {}
    }
    while !stop.is_cancelled() {
        let ended = one_run(
            reconciler_settings(&settings, merges_triggers),
            &surroundings,
        )
        .await?;
        surroundings.is_restored.store(false, Ordering::Release);
        match ended {
            Ok(()) => return Ok(()),
            Err(ReconcilerError::Restore(error)) if error.is_for_good() => {
                return Err(ReconcilerError::Restore(error).into());
            }
            Err(error) => {
                tracing::error!(error = %chain(&error), "reconciler failed; starting anew")
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(RESTART) => {}
        }
    }
    Ok(())
}

/// One reconciler, on a thread of its own: it blocks in Kafka calls.
async fn one_run(
    settings: reconciler::Settings,
    surroundings: &Surroundings,
) -> Result<Result<(), ReconcilerError>, JoinError> {
    let surroundings = surroundings.clone();
    let (tracked, run) = (
        surroundings.tasks.token(),
        surroundings.heartbeat.begin(clock::monotonic()),
    );
    let reconciler = move || {
        let _dropped_last = (tracked, run);
        Reconciler::start(settings, surroundings)?.run()
    };
    spawn_blocking(RECONCILER, reconciler).await
}

fn reconciler_settings(settings: &Settings, merges_triggers: bool) -> reconciler::Settings {
    reconciler::Settings {
        kafka: settings.kafka.clone(),
        topics: settings.topics.clone(),
        membership: Membership {
            group_id: settings.group.id.clone(),
            session_timeout: settings.group.session_timeout,
        },
        transactional_id: settings.transactional_id(),
        transaction_timeout: settings.transactions.timeout,
        marker_interval: settings.transactions.marker_interval,
        max_lookups: settings.lookups.max_in_flight,
        max_pending: settings.limits.max_pending_accounts.get(),
        most_open: Open {
            records: settings.limits.max_open_records.get(),
            bytes: settings.limits.max_open_bytes.get(),
        },
        merges_triggers,
        unreadable_time: settings.lookups.unreadable_time,
        personal: settings.lookups.personal(),
        batch: settings.batch,
        periods: settings.reconcile,
        resync_interval: (!settings.resync.interval.is_zero()).then_some(settings.resync.interval),
        resync: settings.resync(),
    }
}

/// An error with its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}
