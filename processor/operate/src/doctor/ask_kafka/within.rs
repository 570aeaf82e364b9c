//! Bounds observations in time.

use std::time::{Duration, Instant};

use stackone_link_process::spawn::spawn_blocking;

use crate::doctor::seen::Unseen;
use crate::tasks;

/// How much longer than its limit an observation may take before it is abandoned.
const GRACE: Duration = Duration::from_secs(2);

/// When an observation has to end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(Instant);

impl Deadline {
    /// Returns the time that is left, and at least enough for an answer that is there already.
    pub(super) fn left(self) -> Duration {
        let left = self.0.saturating_duration_since(Instant::now());
        left.max(Duration::from_millis(1))
    }

    pub(super) fn is_over(self) -> bool {
        Instant::now() >= self.0
    }
}

/// Observes on a thread that may block, until the limit.
pub(super) async fn look<T: Send + 'static>(
    within: Duration,
    look: impl FnOnce(Deadline) -> Result<T, Unseen> + Send + 'static,
) -> Result<T, Unseen> {
    let deadline = Deadline(Instant::now() + within);
    let looking = spawn_blocking(tasks::DOCTOR, move || look(deadline));
    let looked = async {
        looking
            .await
            .unwrap_or_else(|died| Err(Unseen::failed(died.to_string())))
    };
    limited(within + GRACE, looked).await
}

pub(super) async fn limited<T>(
    within: Duration,
    look: impl Future<Output = Result<T, Unseen>>,
) -> Result<T, Unseen> {
    let looked = tokio::time::timeout(within, look).await;
    looked.unwrap_or_else(|_elapsed| Err(Unseen::failed(format!("no answer within {within:?}"))))
}
