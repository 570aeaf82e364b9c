//! Redrives dead letters: puts them back on the account events topic, each once, in order per
//! account.
//!
//! One transaction puts some letters back, writes which these were to the dead-letter topic (a
//! marker in the letters' own partition), and commits the offset below which all are dealt with.
//! Only the markers count. A selection may leave letters for a later redrive, so an offset alone
//! cannot tell what was done; and Kafka forgets the offsets of a group without members after a
//! week, while letters are kept for a month. A marker comes after its letters, so it outlives them.
//! The committed offset only saves reading.
//!
//! All redrives of a group share one `transactional.id`. A second redrive fences the first and
//! reads only after that: it finds everything that the first has committed, and the first can
//! commit no more.

mod offset_ranges;
mod pace;
mod progress;
mod reading;
mod records;
mod run;
mod selection;

use std::io;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::Serialize;
use stackone_link_transport::{KafkaConfig, ReadError};
use stackone_link_wire::Topics;

use stackone_processor::config::Settings;
use stackone_processor::transaction::{StartError, TransactionError};
use stackone_processor_core::event::intake::Consumed;

pub use offset_ranges::OffsetRanges;
pub use pace::Pace;
pub use progress::{Partition, Progress, RedriveStep};
pub use records::{marker, redriven};
pub use run::run;
pub use selection::{Left, Passed, RedriveVerdict, Selection, dead_letter, is_marker};

/// The settings of a redrive.
#[derive(Debug, Clone)]
pub struct RedriveSettings {
    /// How to reach Kafka.
    pub kafka: KafkaConfig,
    /// The names of all topics.
    pub topics: Topics,
    /// The group whose offsets are committed, and the `transactional.id`.
    pub group: String,
    /// The longest time a transaction may take.
    pub transaction_timeout: Duration,
}

impl RedriveSettings {
    /// Takes the settings of the processor, with a group of its own.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Self {
            kafka: settings.kafka.clone(),
            topics: settings.topics.clone(),
            group: format!("{}.redrive", settings.group.id),
            transaction_timeout: settings.transactions.timeout,
        }
    }
}

/// Whether letters are put back, or only read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Put letters back, at most this many in a second.
    PutBack(NonZeroU32),
    /// Write and commit nothing, and do not disturb a running redrive.
    DryRun,
}

/// What a redrive did, or what it would do in a dry run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// How many dead letters were read.
    pub read: u64,
    /// How many were put back, or would be in a dry run.
    pub redriven: u64,
    /// How many were dealt with by earlier redrives.
    pub done_before: u64,
    /// How many had expired bytes before they became dead letters. No redrive can put them back; a
    /// resync finds what they would have led to.
    pub expired: u64,
    /// How many were notices to a partition, of a resync or of released unlinks, that are of no use
    /// now.
    pub outdated: u64,
    /// How many stay for a later redrive.
    pub left: LeftBehind,
}

/// The dead letters that stay, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LeftBehind {
    /// Letters that the selection leaves out.
    pub not_asked_for: u64,
    /// Letters with the reason `malformed_event`, which the selection does not name.
    pub malformed: u64,
    /// Records without the headers of a dead letter.
    pub not_a_dead_letter: u64,
}

impl LeftBehind {
    /// Returns the sum of all reasons.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.not_asked_for + self.malformed + self.not_a_dead_letter
    }
}

/// Progress of a redrive.
#[derive(Debug)]
pub enum Told<'a> {
    /// Markers of earlier redrives are being read: offsets read, and offsets in all.
    Looking(u64, u64),
    /// The verdict on a record.
    Decided(&'a Consumed, RedriveVerdict),
    /// Letters are dealt with: the totals, offsets dealt with, and offsets in all.
    Dealt(&'a Summary, u64, u64),
}

/// Why a redrive ended early. Its commits stand, and the next redrive goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    /// The dead-letter topic cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The transactional producer could not be made.
    #[error("transactions cannot be started")]
    Start(#[from] StartError),
    /// Another redrive began and took over.
    #[error("another redrive of this group began; it goes on from where this one was")]
    Overtaken,
    /// A transaction was not committed.
    #[error(transparent)]
    Transaction(TransactionError),
    /// A record cannot be written as JSON.
    #[error("record cannot be encoded")]
    Encode(#[from] serde_json::Error),
    /// The progress cannot be written.
    #[error("output cannot be written")]
    Output(#[from] io::Error),
}

impl From<TransactionError> for RedriveError {
    fn from(error: TransactionError) -> Self {
        if error.is_fenced() {
            Self::Overtaken
        } else {
            Self::Transaction(error)
        }
    }
}
