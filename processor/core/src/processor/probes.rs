//! Probes a refused key until it is accepted.

use std::time::Duration;

use stackone_client_types::ApiError;

use super::{Action, Fact, Processor, Turn};
use crate::api_gate::PROBE_INTERVAL;
use crate::work::queue::Lane;

/// The wait before the next probe where a probe was neither accepted nor refused.
const PROBE_AGAIN: Duration = Duration::from_secs(2);

impl Processor {
    /// Stops lookups with a refused key until a probe is accepted.
    pub(super) fn halt(&mut self, lane: Lane, status: u16, turn: &mut Turn<'_>) {
        if self.scheduler.gate_mut(lane).refused() {
            turn.note(Fact::KeyRefused { lane, status });
            self.probe(lane, Duration::ZERO);
        }
    }

    fn probe(&mut self, lane: Lane, wait: Duration) {
        self.actions.push_back(Action::Probe { lane, wait });
    }

    /// Takes the result of a probe.
    pub(super) fn on_probe(
        &mut self,
        lane: Lane,
        result: &Result<(), ApiError>,
        turn: &mut Turn<'_>,
    ) {
        match result {
            Ok(()) => self.scheduler.gate_mut(lane).accepted(turn.now.monotonic),
            Err(ApiError::Refused { .. }) => self.probe(lane, PROBE_INTERVAL),
            Err(
                ApiError::RateLimited { .. }
                | ApiError::Unavailable { .. }
                | ApiError::Rejected { .. }
                | ApiError::Unreadable { .. },
            ) => self.probe(lane, PROBE_AGAIN),
        }
        turn.note(Fact::Probed {
            lane,
            is_refused: self.scheduler.gate(lane).is_refused(),
            all_refused: self.scheduler.all_refused(),
        });
    }
}
