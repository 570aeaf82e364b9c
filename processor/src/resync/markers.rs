//! Reads back from the account events topic when lists last began and were complete, so that a
//! restart forgets neither.
//!
//! The newest records are read first. Where there is no time for the rest, at least a list that
//! began just now is known, which keeps a process that crashes over and over from listing each
//! time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use stackone_link_schemas::{LISTING_MARKER_TYPE, ListingMarker};
use stackone_link_transport::{
    KafkaConfig, Polled, ReadEnd, ReadError, ReadRange, ReadStart, Record, TopicReader,
};
use stackone_processor_core::resync::schedule::Schedule;
use stackone_processor_core::resync::{Found, MARKERS_PARTITION, OfProject};
use stackone_processor_core::work::queue::Lane;

use crate::projects::ProjectClients;

/// How long reading may take.
const WITHIN: Duration = Duration::from_secs(5);

/// What to read, and where.
#[derive(Debug)]
pub struct Markers {
    /// How to reach Kafka.
    pub kafka: KafkaConfig,
    /// A group that this process may name; the reader does not join it.
    pub group: String,
    /// The name of the account events topic.
    pub topic: String,
    /// Markers below this committed offset were taken in.
    pub committed: i64,
    /// The projects whose lists matter.
    pub projects: Arc<ProjectClients>,
    /// Decides how far back markers matter.
    pub schedule: Schedule,
}

/// Why some markers were not read.
#[derive(Debug, thiserror::Error)]
enum MarkersError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("not read within {WITHIN:?}")]
    NotInTime,
}

impl Markers {
    /// Reads backwards from `now`. Blocks for about 5 s at most. What was found until then counts.
    #[must_use]
    pub fn read(&self, now: Timestamp, is_cancelled: &dyn Fn() -> bool) -> Found {
        let (partition, began) = (MARKERS_PARTITION, Instant::now());
        let mut reading = MarkerReading {
            markers: self,
            deadline: began + WITHIN,
            is_cancelled,
            of_projects: vec![OfProject::default(); self.projects.len()],
        };
        let result = reading.newest_first(now);
        let (of_projects, took) = (reading.of_projects, began.elapsed());
        match &result {
            Ok(()) => {
                tracing::info!(
                    partition,
                    ?of_projects,
                    ?took,
                    "when accounts were last listed"
                );
            }
            Err(error) => tracing::warn!(
                partition, %error, ?of_projects, ?took,
                "when accounts were last listed is not known in full"
            ),
        }
        Found {
            of_projects,
            is_known: result.is_ok(),
        }
    }

    /// Returns the project of a marker and whether its list is complete. `None` for other records
    /// and unknown projects: they are reported when they are consumed.
    fn marker(&self, record: &Record<'_>) -> Option<(Lane, bool)> {
        let headers = record.headers().ok()?;
        if headers.event.event_type != LISTING_MARKER_TYPE {
            return None;
        }
        let marker: ListingMarker = serde_json::from_slice(record.value()?).ok()?;
        let lane = self.projects.lane_of(marker.project_id.as_deref())?;
        Some((lane, marker.is_complete))
    }
}

struct MarkerReading<'a> {
    markers: &'a Markers,
    deadline: Instant,
    is_cancelled: &'a dyn Fn() -> bool,
    of_projects: Vec<OfProject>,
}

impl MarkerReading<'_> {
    fn newest_first(&mut self, now: Timestamp) -> Result<(), MarkersError> {
        let Markers {
            kafka,
            group,
            topic,
            schedule,
            ..
        } = self.markers;
        let mut reader = TopicReader::new(kafka, group, topic)?;
        let mut end = ReadEnd::Stable;
        for back in [schedule.spacing(), schedule.look_back()] {
            let since = now.checked_sub(back).unwrap_or(Timestamp::MIN);
            let patience = self.deadline.saturating_duration_since(Instant::now());
            let start = reader.offset_at(MARKERS_PARTITION, since.as_millisecond(), patience)?;
            if let Some(start) = start {
                self.read_from(&mut reader, start, end)?;
                end = ReadEnd::Offset(start);
            }
            let is_complete = |one: &OfProject| one.history.completed.is_some();
            if self.of_projects.iter().all(is_complete) {
                break;
            }
        }
        Ok(())
    }

    fn read_from(
        &mut self,
        reader: &mut TopicReader,
        start: i64,
        end: ReadEnd,
    ) -> Result<(), MarkersError> {
        let range = ReadRange {
            partition: MARKERS_PARTITION,
            start: ReadStart::Offset(start),
            end,
        };
        let mut reading = reader.read_to_end(&[range], WITHIN)?;
        while Instant::now() < self.deadline && !(self.is_cancelled)() {
            match reading.poll()? {
                Polled::Record(record) => self.note(&record),
                Polled::Nothing => {}
                Polled::CaughtUp => return Ok(()),
            }
        }
        Err(MarkersError::NotInTime)
    }

    fn note(&mut self, record: &Record<'_>) {
        let Some((lane, is_complete)) = self.markers.marker(record) else {
            return;
        };
        let at = record.timestamp_ms();
        let at = at.and_then(|at| Timestamp::from_millisecond(at).ok());
        let is_taken_in = record.offset() < self.markers.committed;
        if let Some(one) = self.of_projects.get_mut(lane) {
            one.note(at, is_complete, is_taken_in);
        }
    }
}
