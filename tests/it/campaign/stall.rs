//! Time for which this process stood still: on a machine with few processors brokers that start
//! take all of them, and an answer that was there in time is read late.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::ingest_conservation::Tally;

const EVERY: Duration = Duration::from_millis(20);

/// Adds up how late a timer is, until it is dropped.
pub(super) fn watch(tally: &Arc<Tally>) -> JoinSet<()> {
    let tally = Arc::clone(tally);
    let mut watching = JoinSet::new();
    watching.spawn(async move {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut before = ticks.tick().await;
        loop {
            ticks.tick().await;
            let late = before.elapsed().saturating_sub(EVERY);
            before = Instant::now();
            let micros = u64::try_from(late.as_micros()).unwrap();
            tally.stood_still.fetch_add(micros, Relaxed);
        }
    });
    watching
}
