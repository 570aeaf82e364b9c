//! Reading the dead-letter topic, as far as it goes when a redrive begins.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use stackone_link_transport::{Polled, ReadError, ReadRange, TopicReader};
use stackone_processor_core::event::intake::Consumed;
use tokio_util::sync::CancellationToken;

use super::RedriveError;
use super::progress::Partition;
use stackone_processor::reader::consumed;

/// How long nothing may come before it is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one question to the cluster may take.
const STEP: Duration = Duration::from_secs(10);

/// The partitions of the topic and where to read them: from the offset that earlier redrives committed, to what a
/// `read_committed` reader can see now.
pub(super) fn partitions(reader: &TopicReader) -> Result<BTreeMap<i32, Partition>, ReadError> {
    let mut partitions = BTreeMap::new();
    for number in reader.partitions(STEP)? {
        let Range { start: low, end } = reader.offsets(number, STEP)?;
        // The committed offset only saves reading what is dealt with: that is also told by the markers that later redrives
        // find. So where it is not known, because it expired or a redrive is in the middle of a commit, nothing is lost.
        let committed = reader.committed(number, STEP).ok().flatten();
        let start = committed.filter(|next| (low..=end).contains(next));
        partitions.insert(number, Partition::new(start.unwrap_or(low), end));
    }
    Ok(partitions)
}

/// Reads each partition from its start to its end, in order, until it was told to stop. Whether it came to the end.
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
