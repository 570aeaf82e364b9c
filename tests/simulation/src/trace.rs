//! What happened, as a hash, and to be read.

use std::fmt::Debug;
use std::io::Write as _;

use stackone_processor_core::processor::{Action, Input};

use crate::kafka::{Kafka, Stored};
use crate::time::{Micros, SECOND};

/// What happened.
#[derive(Debug)]
pub struct Trace {
    hash: u64,
    inputs: u64,
    is_told: bool,
}

impl Trace {
    /// Nothing yet. Where `is_told`, what happens is written to standard output.
    #[must_use]
    pub const fn new(is_told: bool) -> Self {
        Self {
            hash: 0xcbf2_9ce4_8422_2325,
            inputs: 0,
            is_told,
        }
    }

    /// The hash of all that happened.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// How many inputs cores were given.
    #[must_use]
    pub const fn inputs(&self) -> u64 {
        self.inputs
    }

    fn mix(&mut self, number: u64) {
        self.hash = (self.hash ^ number)
            .wrapping_mul(0x0100_0000_01b3)
            .rotate_left(29);
    }

    fn mix_bytes(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word));
        }
    }

    /// A core was given an input.
    pub fn input(&mut self, now: Micros, r: usize, input: &Input) {
        self.inputs += 1;
        self.mix(now ^ (u64::try_from(r).unwrap_or(0) << 56));
        self.mix(name(input));
        if self.is_told && !matches!(input, Input::Tick) {
            self.tell(now, &format!("replica {r}"), input);
        }
    }

    /// A core wants something.
    pub fn action(&mut self, now: Micros, r: usize, action: &Action) {
        self.mix(0x0061_6374);
        if self.is_told {
            self.tell(now, &format!("replica {r}     ->"), action);
        }
    }

    /// Something happened around the cores.
    pub fn tell(&self, now: Micros, who: &str, what: &impl Debug) {
        if self.is_told {
            let (seconds, rest) = (now / SECOND, now % SECOND);
            let mut what = format!("{what:?}");
            what.truncate(what.floor_char_boundary(400));
            drop(writeln!(
                std::io::stdout(),
                "{seconds:>7}.{rest:06} {who} {what}"
            ));
        }
    }

    /// All that is stored when it ends.
    pub fn end(&mut self, kafka: &Kafka) {
        for topic in Stored::ALL {
            for (partition, log) in kafka.logs(topic) {
                self.mix(u64::try_from(partition).unwrap_or(0));
                for record in log.all() {
                    self.mix(u64::try_from(record.offset).unwrap_or(0));
                    self.mix_bytes(record.key.as_deref().unwrap_or_default());
                    self.mix_bytes(record.value.as_deref().unwrap_or_default());
                }
            }
        }
    }
}

const fn name(input: &Input) -> u64 {
    match input {
        Input::Assigned { .. } => 1,
        Input::Revoked { .. } => 2,
        Input::Lost(_) => 3,
        Input::Consumed(_) => 4,
        Input::Restored { .. } => 5,
        Input::LookedUp(_) => 6,
        Input::LookedUpTogether(_) => 7,
        Input::Probed { .. } => 8,
        Input::Refetched(_) => 9,
        Input::NotRefetched { .. } => 10,
        Input::Transacted(_) => 11,
        Input::ClusterAnswered(_) => 12,
        Input::MarkersRead { .. } => 13,
        Input::ResyncEnded { .. } => 14,
        Input::Tick => 15,
        Input::Stop => 16,
    }
}
