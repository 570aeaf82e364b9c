//! Notices a publisher that makes no progress, and has it rebuilt. Peers hang or need a restart
//! there.

use std::time::{Duration, Instant};

use actix_web::web::Data;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::ingest::Ingest;
use crate::producer::Seen;

/// How often it looks.
const EVERY: Duration = Duration::from_millis(250);
/// How long it waits after a rebuild that failed, for instance because a password file is missing.
const PAUSE: Duration = Duration::from_secs(5);

/// Decides whether the producer has to be rebuilt. Pure: the time and the counters come in.
#[derive(Debug)]
pub(crate) struct Watchdog {
    stall_after: Duration,
    last: Seen,
    /// When it was first seen that something waits and no broker has told anything since.
    unanswered_since: Option<Instant>,
}

/// Why the producer has to be rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// No record was acknowledged, or refused by a broker, for `publish.stall_after`, and something
    /// is in flight.
    Stalled,
    /// It has failed for good.
    Failed,
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Stalled => "nothing was acknowledged for publish.stall_after",
            Self::Failed => "it failed for good",
        }
    }
}

impl Watchdog {
    pub(crate) fn new(stall_after: Duration) -> Self {
        Self {
            stall_after,
            last: Seen::default(),
            unanswered_since: None,
        }
    }

    /// Looks at what has been counted by `now`. Requests that were given up do not start the time
    /// anew, else one a minute would wait in vain for ever; nor does silence while nobody waits
    /// count.
    pub(crate) fn look(&mut self, now: Instant, seen: Seen) -> Option<Reason> {
        let last = std::mem::replace(&mut self.last, seen);
        let in_flight = seen.attempted > seen.finished;
        if seen.told != last.told {
            self.unanswered_since = None;
        } else if in_flight || seen.attempted != last.attempted {
            self.unanswered_since.get_or_insert(now);
        }
        let waited = self
            .unanswered_since
            .map(|since| now.saturating_duration_since(since));
        let stalled = in_flight && waited.is_some_and(|waited| waited >= self.stall_after);
        let reason = match (seen.failed, stalled) {
            (true, _) => Reason::Failed,
            (false, true) => Reason::Stalled,
            (false, false) => return None,
        };
        self.unanswered_since = None;
        Some(reason)
    }
}

/// Runs until `stop`.
pub(crate) async fn run(ingest: Data<Ingest>, stall_after: Duration, stop: CancellationToken) {
    stop.run_until_cancelled(watch(&ingest, stall_after)).await;
}

async fn watch(ingest: &Ingest, stall_after: Duration) {
    let mut watchdog = Watchdog::new(stall_after);
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Some(reason) = watchdog.look(Instant::now(), ingest.producer.seen()) {
            rebuild(ingest, reason).await;
        }
    }
}

async fn rebuild(ingest: &Ingest, reason: Reason) {
    ingest.metrics.publishing.rebuilt();
    let reason = reason.as_str();
    tracing::warn!(reason, "producer is being rebuilt");
    if let Err(error) = ingest.producer.rebuild().await {
        tracing::error!(%error, "producer cannot be rebuilt");
        sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests;
