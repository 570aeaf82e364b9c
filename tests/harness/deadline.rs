//! Waiting for a condition, with a deadline. The only place where tests let time pass.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};

/// How often a condition is looked at.
const EVERY: Duration = Duration::from_millis(20);

/// A condition did not come true in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("waited {within:?} for: {awaited}; the last look found: {last}")]
pub struct Overdue {
    /// What was awaited, in words.
    pub awaited: String,
    /// How long.
    pub within: Duration,
    /// Why it was not so when last looked at.
    pub last: String,
}

/// Looks until `look` returns `Ok`, and gives what it returned. `Err` says what is not yet as it
/// should be.
///
/// # Errors
///
/// Where that takes longer than `within`, also when a single look does.
pub async fn eventually<T, E: Display>(
    awaited: &str,
    within: Duration,
    mut look: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, Overdue> {
    let deadline = Instant::now() + within;
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = "nothing, the first look did not end".to_owned();
    let overdue = loop {
        let looked = async {
            ticks.tick().await;
            look().await
        };
        match tokio::time::timeout_at(deadline, looked).await {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(reason)) => last = reason.to_string(),
            Err(_elapsed) => break last,
        }
    };
    Err(Overdue {
        awaited: awaited.to_owned(),
        within,
        last: overdue,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_wait_looks_again_until_its_condition_holds() {
        let mut looks = 0;
        let found = eventually("three looks", Duration::from_secs(1), async || {
            looks += 1;
            if looks == 3 {
                Ok(looks)
            } else {
                Err("too few")
            }
        });
        assert_eq!(found.await, Ok(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_in_vain_says_what_was_awaited_and_what_was_seen_last() {
        let within = Duration::from_secs(1);
        let overdue = eventually::<(), _>("the lamp is lit", within, async || Err("it is dark"));
        let message = overdue.await.unwrap_err().to_string();
        assert_eq!(
            message,
            "waited 1s for: the lamp is lit; the last look found: it is dark"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_never_ends_is_overdue_too() {
        let within = Duration::from_secs(1);
        let began = Instant::now();
        let look = async || std::future::pending::<Result<(), String>>().await;
        let overdue = eventually("an answer", within, look).await.unwrap_err();
        assert_eq!(began.elapsed(), within);
        assert!(overdue.to_string().contains("did not end"), "{overdue}");
    }
}
