//! Shows in `/readyz` and in a metric which restores wait for a transaction to end. Before Kafka
//! 3.6 a transaction may stay open for ever (KIP-890).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus::IntGauge;

/// A transaction for which a restore waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenTransaction {
    /// The transaction has written to the state topic.
    OnStates {
        /// The last stable offset: the offset of the transaction's first record.
        stable: i64,
        /// The offset that the last stable offset has to reach.
        high: i64,
    },
    /// The transaction has sent an offset of the group for this partition.
    WithOffset {
        /// The offset that the group had committed before; `None` where there was none.
        committed: Option<i64>,
    },
}

/// The words of the log line.
const WAITING: &str = "waiting for an open transaction to end";

/// The restores of this process that wait for a transaction to end.
pub struct OpenTransactions {
    gauge: IntGauge,
    waiting: Mutex<BTreeMap<i32, OpenTransaction>>,
}

/// One restore. Dropping it removes it from the list.
pub(super) struct WaitingRestore {
    all: Arc<OpenTransactions>,
    partition: i32,
    is_told: bool,
}

impl OpenTransactions {
    /// Starts empty. `gauge` gets the number of waiting restores.
    #[must_use]
    pub const fn new(gauge: IntGauge) -> Self {
        Self {
            gauge,
            waiting: Mutex::new(BTreeMap::new()),
        }
    }

    /// Returns which partitions wait, and for what; `None` where none waits.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        let waiting = self.waiting();
        let lines = waiting
            .iter()
            .map(|(partition, open)| format!("partition {partition}: {WAITING}, {open}"));
        let lines: Vec<_> = lines.collect();
        (!lines.is_empty()).then(|| lines.join("; "))
    }

    pub(super) fn of(self: &Arc<Self>, partition: i32) -> WaitingRestore {
        WaitingRestore {
            all: Arc::clone(self),
            partition,
            is_told: false,
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<i32, OpenTransaction>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, partition: i32, open: Option<OpenTransaction>) {
        let mut waiting = self.waiting();
        match open {
            Some(open) => drop(waiting.insert(partition, open)),
            None => drop(waiting.remove(&partition)),
        }
        self.gauge
            .set(i64::try_from(waiting.len()).unwrap_or(i64::MAX));
    }
}

impl WaitingRestore {
    /// Sets the transaction that the restore waits for; `None` for a restore that goes on. Logs the
    /// first of them.
    pub(super) fn waits_for(&mut self, open: Option<OpenTransaction>) {
        // A cancelled restore of the same partition removes its line, so the line is written each
        // time.
        if open.is_some() || self.is_told {
            self.all.set(self.partition, open);
        }
        let partition = self.partition;
        match open.filter(|_| !self.is_told) {
            Some(OpenTransaction::OnStates { stable, high }) => {
                tracing::info!(partition, stable, high, "restore: {WAITING}");
            }
            Some(OpenTransaction::WithOffset { committed }) => {
                tracing::info!(partition, committed, "restore: {WAITING}, with an offset");
            }
            None => {}
        }
        self.is_told = open.is_some();
    }
}

impl Drop for WaitingRestore {
    fn drop(&mut self) {
        self.waits_for(None);
    }
}

impl fmt::Display for OpenTransaction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnStates { stable, high } => write!(
                formatter,
                "at offset {stable} of the state topic, whose end is {high}"
            ),
            Self::WithOffset {
                committed: Some(offset),
            } => write!(
                formatter,
                "which sends the group's offset; {offset} was committed last"
            ),
            Self::WithOffset { committed: None } => {
                formatter.write_str("which sends the group's first offset")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: OpenTransaction = OpenTransaction::OnStates {
        stable: 12,
        high: 15,
    };
    const WITH_OFFSET: OpenTransaction = OpenTransaction::WithOffset { committed: Some(7) };

    #[test]
    fn restores_that_wait_are_named_and_counted_until_they_go_on_or_end() {
        let gauge = IntGauge::new("waiting", "waiting").unwrap();
        let all = Arc::new(OpenTransactions::new(gauge.clone()));
        let (mut one, mut other) = (all.of(3), all.of(0));
        assert_eq!((all.reason(), gauge.get()), (None, 0));
        one.waits_for(Some(OPEN));
        other.waits_for(Some(WITH_OFFSET));
        let reason = all.reason().unwrap();
        let offset =
            "an open transaction to end, which sends the group's offset; 7 was committed last";
        let of_both =
            format!("partition 0: waiting for {offset}; partition 3: waiting for an open");
        assert!(reason.starts_with(&of_both), "{reason}");
        let states = "at offset 12 of the state topic, whose end is 15";
        assert!(reason.ends_with(states), "{reason}");
        assert_eq!(gauge.get(), 2);
        other.waits_for(None);
        assert_eq!(gauge.get(), 1);
        drop(one);
        assert_eq!((all.reason(), gauge.get()), (None, 0));
    }

    #[test]
    fn a_restore_that_was_cancelled_hides_its_successor_no_longer_than_until_it_asks_again() {
        let gauge = IntGauge::new("waiting", "waiting").unwrap();
        let all = Arc::new(OpenTransactions::new(gauge));
        let (mut cancelled, mut successor) = (all.of(0), all.of(0));
        cancelled.waits_for(Some(OPEN));
        successor.waits_for(Some(OPEN));
        drop(cancelled);
        successor.waits_for(Some(OPEN));
        assert!(all.reason().is_some());
    }
}
