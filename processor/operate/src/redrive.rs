//! Puts dead letters back on the account events topic, each once, in order per account.
//!
//! One transaction takes some letters back, writes to the dead-letter topic which these were (a marker in their own
//! partition), and commits the offset below which all are dealt with. The markers are what counts: a selection may leave
//! letters behind that a later redrive wants, so an offset alone cannot tell what was done; and Kafka forgets the offsets
//! of a group that has no member after a week, while letters are kept for a month. A marker lies behind the letters it is
//! about and so outlives them. The committed offset only saves reading.
//!
//! The `transactional.id` is the same for all redrives of a group. A second one fences the first, and begins to read after
//! that: what the first has committed it finds, and the first can commit no more.

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

/// Where a redrive works.
#[derive(Debug, Clone)]
pub struct RedriveSettings {
    /// How to reach Kafka.
    pub kafka: KafkaConfig,
    /// The topics' names.
    pub topics: Topics,
    /// The group that its offsets are committed for, and its `transactional.id`.
    pub group: String,
    /// Longest time a transaction may take.
    pub transaction_timeout: Duration,
}

impl RedriveSettings {
    /// As a group of its own, beside the processor's.
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

/// Whether letters are put back, or only looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They are put back, at most so many a second.
    PutBack(NonZeroU32),
    /// Nothing is written or committed, and a redrive that runs is not disturbed.
    DryRun,
}

/// What a redrive did, or a dry run would have done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Dead letters read.
    pub read: u64,
    /// Those put back. In a dry run: those that would have been.
    pub redriven: u64,
    /// Those that earlier redrives have dealt with.
    pub done_before: u64,
    /// Those whose bytes had expired before they were put aside. No redrive can put them back; a resync finds what they
    /// would have led to.
    pub expired: u64,
    /// Notices to a partition, of a resync or of released unlinks, which are of no use now.
    pub outdated: u64,
    /// Those that stay for a later redrive.
    pub left: LeftBehind,
}

/// Dead letters that stay, by why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LeftBehind {
    /// Not among those asked for.
    pub not_asked_for: u64,
    /// `malformed_event`, and not asked for by that reason.
    pub malformed: u64,
    /// Records without the headers of a dead letter.
    pub not_a_dead_letter: u64,
}

impl LeftBehind {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.not_asked_for + self.malformed + self.not_a_dead_letter
    }
}

/// What happens during a redrive, for whoever watches.
#[derive(Debug)]
pub enum Told<'a> {
    /// What earlier redrives have done is looked for: so many of so many offsets.
    Looking(u64, u64),
    /// It was decided what becomes of a record.
    Decided(&'a Consumed, RedriveVerdict),
    /// So many of so many offsets are dealt with.
    Dealt(&'a Summary, u64, u64),
}

/// Why a redrive ended before its end. What it has committed is done; the next one goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    /// The dead-letter topic cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// No transactional producer.
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
    /// What happens cannot be shown.
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
