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
use crate::shell::{self, Context, Shell};
use crate::tasks::RECONCILER;
use stackone_processor_core::api_gate::Projects;
use stackone_processor_core::offsets::open_records::Open;
use stackone_processor_core::settings as core;

/// How long to wait before the reconciler is started anew after a failure.
const RESTART: Duration = Duration::from_secs(1);

/// Waits for the topics, then runs reconcilers.
pub(super) async fn supervise(
    settings: Settings,
    merges_triggers: bool,
    context: Context,
    topics: Arc<TopicFindings>,
) -> Result<(), RunError> {
    let stop = context.stop.clone();
    tokio::select! {
        () = stop.cancelled() => return Ok(()),
        () = topics_in_order(&settings, &topics) => {}
    }
    while !stop.is_cancelled() {
        let ended = one_run(
            run_settings(&settings, context.projects.core(), merges_triggers),
            &context,
        )
        .await?;
        context.is_restored.store(false, Ordering::Release);
        match ended {
            Ok(()) => return Ok(()),
            Err(error) if error.is_for_good() => return Err(error.into()),
            Err(error) => {
                tracing::error!(error = %chain(&error), "reconciler failed; starting anew");
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
    settings: shell::Settings,
    context: &Context,
) -> Result<Result<(), shell::RunError>, JoinError> {
    let context = context.clone();
    let (tracked, run) = (
        context.tasks.token(),
        context.heartbeat.begin(clock::monotonic()),
    );
    let work = move || {
        let _dropped_last = (tracked, run);
        Shell::start(settings, context)?.run()
    };
    spawn_blocking(RECONCILER, work).await
}

fn run_settings(settings: &Settings, projects: &Arc<Projects>, merges: bool) -> shell::Settings {
    let interval = settings.resync.interval;
    let resync = settings.resync();
    let core = core::Settings {
        projects: Arc::clone(projects),
        topics: settings.topics.clone(),
        marker_interval: settings.transactions.marker_interval,
        merges_triggers: merges,
        limits: core::Limits {
            lookups: settings.lookups.max_in_flight,
            pending: settings.limits.max_pending_accounts.get(),
            open: Open {
                records: settings.limits.max_open_records.get(),
                bytes: settings.limits.max_open_bytes.get(),
            },
        },
        batch: settings.batch,
        resync_interval: (!interval.is_zero()).then_some(interval),
        resync_requests_per_minute: resync.requests_per_minute,
        unreadable_time: settings.lookups.unreadable_time,
        periods: settings.reconcile,
    };
    shell::Settings {
        core: Arc::new(core),
        kafka: settings.kafka.clone(),
        membership: Membership {
            group_id: settings.group.id.clone(),
            session_timeout: settings.group.session_timeout,
        },
        transactional_id: settings.transactional_id(),
        transaction_timeout: settings.transactions.timeout,
        resync,
        personal: settings.lookups.personal(),
    }
}

/// An error with its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}
