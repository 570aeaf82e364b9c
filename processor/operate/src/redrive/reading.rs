//! Reads the dead-letter topic up to its end at the start of a redrive.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use stackone_link_transport::{Polled, ReadError, ReadRange, TopicReader};
use stackone_processor_core::event::intake::Consumed;
use tokio_util::sync::CancellationToken;

use super::RedriveError;
use super::progress::Partition;
use stackone_processor::reader::consumed;

/// How long a read may bring nothing before it fails.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one request to the cluster may take.
const STEP: Duration = Duration::from_secs(10);

/// Returns the partitions of the topic and where to read them: from the offset that earlier
/// redrives committed, to the end that a `read_committed` reader sees now.
pub(super) fn partitions(reader: &TopicReader) -> Result<BTreeMap<i32, Partition>, ReadError> {
    let mut partitions = BTreeMap::new();
    for number in reader.partitions(STEP)? {
        let Range { start: low, end } = reader.offsets(number, STEP)?;
        // The committed offset only saves reading: markers say the same. So nothing is lost where
        // it is unknown because it expired or another redrive is committing just now.
        let committed = reader.committed(number, STEP).ok().flatten();
        let start = committed.filter(|next| (low..=end).contains(next));
        partitions.insert(number, Partition::new(start.unwrap_or(low), end));
    }
    Ok(partitions)
}

/// Reads each partition from its start to its end, in order, until it is stopped. Returns whether
/// it reached the ends.
pub(super) fn read(
    reader: &mut TopicReader,
    ranges: &[ReadRange],
    stop: &CancellationToken,
    mut each: impl FnMut(Consumed) -> Result<(), RedriveError>,
) -> Result<bool, RedriveError> {
    let mut reading = reader.read_to_end(ranges, PATIENCE)?;
    while !stop.is_cancelled() {
        match reading.poll()? {
            Polled::Record(record) => each(consumed(record.as_message()))?,
            Polled::Nothing => {}
            Polled::CaughtUp => return Ok(true),
        }
    }
    Ok(reading.open_partitions() == 0)
}
