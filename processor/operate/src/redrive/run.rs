//! Runs one redrive: reads the markers of earlier ones, then the letters, and puts the selected
//! ones back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rdkafka::consumer::ConsumerGroupMetadata;
use stackone_link_schemas::DeadLettersRedriven;
use stackone_link_transport::{ReadRange, TopicReader};
use stackone_link_wire::Topic;
use tokio_util::sync::CancellationToken;

use super::progress::{Partition, Progress};
use super::reading::{partitions, read};
use super::selection::{RedriveVerdict, Selection, is_marker};
use super::{Mode, Pace, RedriveError, RedriveSettings, Summary, Told, marker, redriven};
use stackone_processor::transaction::{Transactions, Undisturbed};
use stackone_processor_core::event::intake::Consumed;
use stackone_processor_core::event::records::{Batch, TransactionRecord};

/// The most bytes of letters in one transaction; a fuller one is committed before its time.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// How soon a stop is noticed while the pace is kept.
const SLICE: Duration = Duration::from_millis(100);

/// Puts the selected letters back. Blocks. Returns the totals, and `false` where it was stopped
/// before the end.
///
/// # Errors
///
/// Fails as [`RedriveError`] says.
pub fn run(
    settings: &RedriveSettings,
    selection: &Selection,
    mode: Mode,
    stop: &CancellationToken,
    tell: &mut dyn FnMut(Told<'_>) -> std::io::Result<()>,
) -> Result<(Summary, bool), RedriveError> {
    // The producer comes before any read: it ends what a killed redrive has left open, and fences
    // one that still runs.
    let writer = match mode {
        Mode::DryRun => None,
        Mode::PutBack(rate) => Some((
            transactions(settings, stop)?,
            Pace::new(rate, Instant::now()),
        )),
    };
    let topic = settings.topics.name(Topic::DeadLetter);
    let mut reader = TopicReader::new(&settings.kafka, &settings.group, topic)?;
    let mut progress = Progress {
        partitions: partitions(&reader)?,
        ..Progress::default()
    };
    let mut complete = find_markers(&mut reader, &mut progress, stop, tell)?;
    if complete {
        let mut redrive = Redrive {
            settings,
            selection,
            writer,
            group: reader.group_metadata()?,
            stop,
            total: length(&progress.partitions),
            progress,
            letters: Vec::new(),
            bytes: 0,
        };
        complete = redrive.work(&mut reader, tell)?;
        progress = redrive.progress;
    }
    Ok((progress.summary, complete))
}

fn transactions(
    settings: &RedriveSettings,
    stop: &CancellationToken,
) -> Result<Transactions, RedriveError> {
    Ok(Transactions::start(
        &settings.kafka,
        &settings.group,
        settings.topics.name(Topic::DeadLetter),
        settings.transaction_timeout,
        stop.clone(),
        Arc::new(Undisturbed),
    )?)
}

fn ranges(partitions: &BTreeMap<i32, Partition>) -> Vec<ReadRange> {
    let range = |(number, partition): (&i32, &Partition)| {
        ReadRange::of(*number, &(partition.start..partition.end))
    };
    partitions.iter().map(range).collect()
}

/// Returns how many offsets there are to read. Some of them are no letters but control records.
fn length(partitions: &BTreeMap<i32, Partition>) -> u64 {
    let lengths = partitions
        .values()
        .map(|partition| partition.end - partition.start);
    u64::try_from(lengths.sum::<i64>()).unwrap_or(0)
}

/// Reads all markers of earlier redrives before the first letter is put back: a marker may be
/// anywhere behind its letters.
fn find_markers(
    reader: &mut TopicReader,
    progress: &mut Progress,
    stop: &CancellationToken,
    tell: &mut dyn FnMut(Told<'_>) -> std::io::Result<()>,
) -> Result<bool, RedriveError> {
    let (ranges, total) = (ranges(&progress.partitions), length(&progress.partitions));
    let mut seen = 0;
    read(reader, &ranges, stop, |record| {
        seen += 1;
        tell(Told::Looking(seen, total))?;
        let partition = progress.partitions.get_mut(&record.partition);
        if let Some(partition) = partition.filter(|_| is_marker(&record)) {
            let marker: DeadLettersRedriven = serde_json::from_slice(&record.value)?;
            for (first, last) in marker.offsets {
                partition.done.insert(first, last);
            }
        }
        Ok(())
    })
}

/// A redrive under way.
struct Redrive<'a> {
    settings: &'a RedriveSettings,
    selection: &'a Selection,
    writer: Option<(Transactions, Pace)>,
    group: ConsumerGroupMetadata,
    stop: &'a CancellationToken,
    total: u64,
    progress: Progress,
    /// The letters of the next transaction.
    letters: Vec<TransactionRecord>,
    bytes: usize,
}

impl Redrive<'_> {
    fn work(
        &mut self,
        reader: &mut TopicReader,
        tell: &mut dyn FnMut(Told<'_>) -> std::io::Result<()>,
    ) -> Result<bool, RedriveError> {
        let mut seen = 0;
        let ranges = ranges(&self.progress.partitions);
        let complete = read(reader, &ranges, self.stop, |record| {
            seen += 1;
            self.take(record, tell)?;
            if self.is_full() {
                self.commit()?;
            }
            Ok(tell(Told::Dealt(&self.progress.summary, seen, self.total))?)
        })?;
        // Letters that were staged when it was stopped stay for the next redrive.
        if complete {
            self.commit()?;
            tell(Told::Dealt(&self.progress.summary, self.total, self.total))?;
        }
        Ok(complete && self.letters.is_empty())
    }

    fn take(
        &mut self,
        record: Consumed,
        tell: &mut dyn FnMut(Told<'_>) -> std::io::Result<()>,
    ) -> Result<(), RedriveError> {
        let Some(partition) = self.progress.partitions.get(&record.partition) else {
            return Ok(());
        };
        let verdict = self.selection.decide(&record, &partition.done);
        tell(Told::Decided(&record, verdict))?;
        self.progress.note(record.partition, record.offset, verdict);
        if verdict == RedriveVerdict::Redrive {
            self.bytes += record.value.len();
            self.letters.extend(redriven(&self.settings.topics, record));
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        let batch = self.writer.as_ref().map_or(1, |(_, pace)| pace.batch());
        self.letters.len() >= batch || self.bytes >= MAX_BYTES
    }

    /// Commits the staged letters and their marker in one transaction.
    fn commit(&mut self) -> Result<(), RedriveError> {
        self.bytes = 0;
        let letters = u64::try_from(self.letters.len()).unwrap_or(u64::MAX);
        let Some((transactions, pace)) = &mut self.writer else {
            self.letters.clear();
            self.progress.summary.redriven += letters;
            return Ok(());
        };
        if !wait_until(pace.next(), self.stop) {
            return Ok(());
        }
        let steps = self.progress.take_steps();
        if steps.is_empty() {
            return Ok(());
        }
        let mut batch = Batch {
            records: std::mem::take(&mut self.letters),
            offsets: Vec::with_capacity(steps.len()),
        };
        for step in &steps {
            let record = marker(&self.settings.topics, step, Timestamp::now())?;
            batch.records.push(record);
            batch.offsets.push((step.partition, step.position));
        }
        transactions.commit(&batch, &self.group)?;
        pace.sent(letters, Instant::now());
        self.progress.summary.redriven += letters;
        Ok(())
    }
}

/// Waits until a time. Returns `false` where it was stopped before.
fn wait_until(time: Instant, stop: &CancellationToken) -> bool {
    while !stop.is_cancelled() {
        let left = time.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(SLICE));
    }
    false
}
