//! Runs reconcilers, one after the other, until the process stops.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use stackone_link_process::spawn::spawn_blocking;
use stackone_link_transport::{Renewal, clients_are_renewed};
use tokio::task::JoinError;

use super::readiness::{TopicFindings, topics_in_order};
use crate::clock;
use crate::config::Settings;
use crate::consumer::Membership;
use crate::shell::{self, Context, Shell};
use crate::tasks::{KAFKA_RENEWAL, RECONCILER};
use stackone_processor_core::api_gate::Projects;
use stackone_processor_core::offsets::open_records::Open;
use stackone_processor_core::settings as core;

/// The wait after a failure before the reconciler starts again.
const RESTART: Duration = Duration::from_secs(1);

/// How often Kafka's certificates are compared with those in use.
const RENEWAL: Duration = Duration::from_secs(1);
/// The time over which replicas with new certificates restart, because each then restores its
/// partitions.
const SPREAD: Duration = Duration::from_secs(60);

/// Why a processor ended although it was not stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The admin listener ended.
    #[error("admin listener ended: {0}")]
    Admin(#[from] std::io::Error),
    /// The settings of the state topic would damage data.
    #[error(transparent)]
    Run(#[from] shell::ReconcilerError),
    /// A thread panicked.
    #[error("a thread died: {0}")]
    Died(#[from] JoinError),
}

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
        let run = run_settings(&settings, context.projects.core(), merges_triggers);
        let ended = until_renewed(run, &context).await?;
        context.is_restored.store(false, Ordering::Release);
        match ended {
            Ok(()) if stop.is_cancelled() => return Ok(()),
            Ok(()) => {
                clients_are_renewed();
                tracing::info!("Kafka's certificates have changed; going on with new clients");
                continue;
            }
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

/// Runs one reconciler. Stops it when certificate, key or CA of Kafka were replaced: between two
/// transactions, and after a random wait, because replicas that share the files would all restore
/// at once.
async fn until_renewed(
    settings: shell::ReconcilerSettings,
    context: &Context,
) -> Result<Result<(), shell::ReconcilerError>, JoinError> {
    let mut context = context.clone();
    context.stop = context.stop.child_token();
    let renewal = Renewal::of(&settings.kafka);
    let mut run = pin!(one_run(settings, &context));
    tokio::select! {
        ended = &mut run => return ended,
        died = renewed(renewal) => died?,
    }
    context.stop.cancel();
    run.await
}

/// Waits until the clients have to be made again, and then for a random while.
async fn renewed(mut renewal: Renewal) -> Result<(), JoinError> {
    loop {
        tokio::time::sleep(RENEWAL).await;
        let look = move || {
            let is_due = renewal.is_due();
            (renewal, is_due)
        };
        let is_due;
        (renewal, is_due) = spawn_blocking(KAFKA_RENEWAL, look).await?;
        if is_due {
            let wait = moment(fastrand::f64());
            tracing::info!(
                ?wait,
                "the run ends soon, to go on with Kafka's new certificates"
            );
            tokio::time::sleep(wait).await;
            return Ok(());
        }
    }
}

/// Returns the wait of a replica before it restarts. `draw` is a random number in `0.0..1.0`.
fn moment(draw: f64) -> Duration {
    SPREAD.mul_f64(draw)
}

/// Runs one reconciler on a thread of its own, because it blocks in calls of Kafka's client.
async fn one_run(
    settings: shell::ReconcilerSettings,
    context: &Context,
) -> Result<Result<(), shell::ReconcilerError>, JoinError> {
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

fn run_settings(
    settings: &Settings,
    projects: &Arc<Projects>,
    merges: bool,
) -> shell::ReconcilerSettings {
    let interval = settings.resync.interval;
    let resync = settings.resync();
    let core = core::DecisionSettings {
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
        backoff: resync.backoff,
        periods: settings.reconcile,
    };
    shell::ReconcilerSettings {
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

/// Returns an error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_that_see_new_certificates_at_once_begin_anew_over_a_whole_minute() {
        let mut random = fastrand::Rng::with_seed(7);
        let draws = std::iter::repeat_with(|| moment(random.f64()));
        let mut moments: Vec<_> = draws.take(600).collect();
        moments.sort_unstable();
        assert!(moments.last() < Some(&Duration::from_secs(60)));
        // Each second gets about 10 of 600 replicas, and none gets more than its share of the
        // minute.
        for second in 0..60 {
            let of_it = |moment: &&Duration| moment.as_secs() == second;
            let begin = moments.iter().filter(of_it).count();
            assert!(
                (1..=30).contains(&begin),
                "{begin} begin in second {second}"
            );
        }
    }
}
