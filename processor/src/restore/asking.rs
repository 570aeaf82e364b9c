//! Asking the cluster until it answers.

use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;

const FIRST_WAIT: Duration = Duration::from_millis(100);
/// Each attempt is told, and a successor that waits for an open transaction should not wait much longer than that takes.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// How soon it is noticed that nobody wants the answer any more.
const SLICE: Duration = Duration::from_millis(100);

/// Asks for one partition's sake.
pub(super) struct Asking<'a> {
    /// The partition.
    pub partition: i32,
    /// Whether nobody wants it any more.
    pub is_cancelled: &'a dyn Fn() -> bool,
}

impl Asking<'_> {
    /// Asks until there is an answer, with a warning for each attempt that brought none; none where nobody wants it any
    /// more. A partition that has no leader, say, is waited for here.
    pub(super) fn until_ok<T>(
        &self,
        what: &str,
        mut ask: impl FnMut() -> Result<T, KafkaError>,
    ) -> Option<T> {
        let mut wait = FIRST_WAIT;
        while !(self.is_cancelled)() {
            match ask() {
                Ok(answer) => return Some(answer),
                Err(error) => {
                    let partition = self.partition;
                    tracing::warn!(partition, %error, "restore: no {what} yet");
                    self.sleep(wait);
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
        None
    }

    /// Waits until no transaction is open below `high`; none where nobody wants it any more.
    pub(super) fn until_stable(
        &self,
        high: i64,
        mut ask: impl FnMut() -> Result<(i64, i64), KafkaError>,
    ) -> Option<()> {
        let mut is_told = false;
        loop {
            let (_, stable) = self.until_ok("last stable offset of the state topic", &mut ask)?;
            if stable >= high {
                return Some(());
            }
            if !is_told {
                let partition = self.partition;
                tracing::info!(
                    partition,
                    stable,
                    high,
                    "restore: waiting for an open transaction to end"
                );
                is_told = true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn sleep(&self, wait: Duration) {
        let end = Instant::now() + wait;
        while Instant::now() < end && !(self.is_cancelled)() {
            std::thread::sleep(SLICE.min(end.saturating_duration_since(Instant::now())));
        }
    }
}
