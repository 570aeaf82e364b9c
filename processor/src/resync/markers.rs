//! Reading back from the account events topic when lists last began and were complete, so that a restart forgets neither.
//!
//! The newest part is read first. Where there is no time for the rest, it is at least known whether a list began a moment
//! ago, which is what keeps a process that crashes over and over from listing each time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message as _, Offset, TopicPartitionList};
use stackone_link_schemas::{LISTING_MARKER_TYPE, ListingMarker};
use stackone_link_transport::{KafkaConfig, decode_headers};
use stackone_processor_core::resync::schedule::Schedule;
use stackone_processor_core::resync::{Found, MARKERS_PARTITION, OfProject};
use stackone_processor_core::work::queue::Lane;

use crate::projects::Projects;
use crate::reader::{Reader, ReaderError, reader};

/// How long reading may take.
const WITHIN: Duration = Duration::from_secs(5);
/// Longest time one call into the client may block, so that it is noticed when nobody waits any more.
const SLICE: Duration = Duration::from_millis(100);

/// Where to read.
#[derive(Debug)]
pub struct Markers {
    /// How to reach Kafka.
    pub kafka: KafkaConfig,
    /// A group that may be used; it is not joined.
    pub group: String,
    /// The account events topic.
    pub topic: String,
    /// What is below this offset was taken in.
    pub committed: i64,
    /// Whose lists.
    pub projects: Arc<Projects>,
    /// How far back markers matter.
    pub schedule: Schedule,
}

/// Why not all of it was read.
#[derive(Debug, thiserror::Error)]
enum MarkersError {
    #[error(transparent)]
    Reader(#[from] ReaderError),
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    #[error("not read within {WITHIN:?}")]
    NotInTime,
}

impl Markers {
    /// Reads back from `now`. Blocks for some 5 s at most; what was found until then counts.
    #[must_use]
    pub fn read(&self, now: Timestamp, is_cancelled: &dyn Fn() -> bool) -> Found {
        let (partition, began) = (MARKERS_PARTITION, Instant::now());
        let mut reading = Reading {
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

    /// Whose list it is, and whether it is complete. What is no marker, or nobody's, says nothing here: whoever takes it in
    /// tells of it.
    fn marker(&self, message: &BorrowedMessage<'_>) -> Option<(Lane, bool)> {
        let headers = decode_headers(message.headers()).ok()?;
        if headers.event.event_type != LISTING_MARKER_TYPE {
            return None;
        }
        let marker: ListingMarker = serde_json::from_slice(message.payload()?).ok()?;
        let lane = self.projects.lane_of(marker.project_id.as_deref())?;
        Some((lane, marker.is_complete))
    }
}

struct Reading<'a> {
    markers: &'a Markers,
    deadline: Instant,
    is_cancelled: &'a dyn Fn() -> bool,
    of_projects: Vec<OfProject>,
}

impl Reading<'_> {
    fn newest_first(&mut self, now: Timestamp) -> Result<(), MarkersError> {
        let Markers {
            kafka,
            group,
            schedule,
            ..
        } = self.markers;
        let reader = reader(kafka, group, "read_committed")?;
        let mut end = None;
        for back in [schedule.spacing(), schedule.look_back()] {
            let since = now.checked_sub(back).unwrap_or(Timestamp::MIN);
            if let Some(start) = self.offset_at(&reader, since)? {
                self.read_from(&reader, start, end)?;
                end = Some(start);
            }
            let is_complete = |one: &OfProject| one.history.completed.is_some();
            if self.of_projects.iter().all(is_complete) {
                break;
            }
        }
        Ok(())
    }

    /// The offset of the first record that is not older; none where every record is.
    fn offset_at(&self, reader: &Reader, since: Timestamp) -> Result<Option<i64>, MarkersError> {
        let topic = &self.markers.topic;
        let mut times = TopicPartitionList::new();
        let since = Offset::Offset(since.as_millisecond().max(0));
        times.add_partition_offset(topic, MARKERS_PARTITION, since)?;
        let patience = self.deadline.saturating_duration_since(Instant::now());
        let offsets = reader.offsets_for_times(times, patience)?;
        let Some(found) = offsets.find_partition(topic, MARKERS_PARTITION) else {
            return Ok(None);
        };
        found.error()?;
        Ok(found.offset().to_raw().filter(|offset| *offset >= 0))
    }

    /// Reads up to an offset, or to the end of the partition.
    fn read_from(
        &mut self,
        reader: &Reader,
        start: i64,
        end: Option<i64>,
    ) -> Result<(), MarkersError> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(
            &self.markers.topic,
            MARKERS_PARTITION,
            Offset::Offset(start),
        )?;
        reader.assign(&list)?;
        while Instant::now() < self.deadline && !(self.is_cancelled)() {
            match reader.poll(SLICE) {
                Some(Ok(message)) if end.is_some_and(|end| message.offset() >= end) => {
                    return Ok(());
                }
                Some(Ok(message)) => self.note(&message),
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(()),
                Some(Err(error)) => tracing::debug!(%error, "reading markers back"),
                None => {}
            }
        }
        Err(MarkersError::NotInTime)
    }

    fn note(&mut self, message: &BorrowedMessage<'_>) {
        let Some((lane, is_complete)) = self.markers.marker(message) else {
            return;
        };
        let at = message.timestamp().to_millis();
        let at = at.and_then(|at| Timestamp::from_millisecond(at).ok());
        let is_taken_in = message.offset() < self.markers.committed;
        if let Some(one) = self.of_projects.get_mut(lane) {
            one.note(at, is_complete, is_taken_in);
        }
    }
}
