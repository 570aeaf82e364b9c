//! What is ready to be committed, what is being committed, and when the next transaction begins.

pub mod effect;
pub mod pending;
pub mod ready_to_commit;
pub mod stage;

use std::time::Duration;

use crate::committer::effect::Effect;
use crate::committer::ready_to_commit::ReadyToCommit;
use crate::dead_letter_backoff::DeadLetterBackoff;
use crate::time::Monotonic;

/// So many answers may wait for a commit. Where Kafka cannot commit, to ask on would make all of them older, and take
/// memory without end.
const MOST_READY: usize = 1_000;
/// So many of them end the pause between two transactions.
const ENOUGH_READY: usize = MOST_READY / 4;
/// A transaction costs much the same for one answer and for a hundred. So that answers gather, there is a pause after each
/// that is as long, while lookups are under way, up to this.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// How long to wait after an aborted transaction.
const RETRY: Duration = Duration::from_millis(200);
/// Most bytes of dead letters in one transaction, so that however many were held it is committed in time, and the memory
/// that staging takes is small.
const LETTERS_TOGETHER: usize = 4 * 1024 * 1024;

/// What is ready to be committed, and what is being committed.
#[derive(Debug)]
pub struct Committer {
    /// What waits for the next transaction.
    pub ready: Vec<ReadyToCommit>,
    /// Dead letters that go apart and wait. Their offsets are open, so that no commit passes them.
    pub held: Vec<ReadyToCommit>,
    /// Whether dead letters go apart, and when.
    pub letters: DeadLetterBackoff,
    /// The transaction that is under way.
    pub in_flight: Option<InFlight>,
    /// When undecided triggers are next written down.
    pub next_markers: Monotonic,
    /// While lookups are under way, nothing is committed before.
    next_commit: Monotonic,
    /// After an abort, nothing is.
    not_before: Option<Monotonic>,
    marker_interval: Duration,
}

/// A transaction that is under way.
#[derive(Debug)]
pub struct InFlight {
    /// What it changes in memory once it is committed.
    pub effects: Vec<Effect>,
    /// What it takes.
    pub round: Round,
    /// When it began.
    pub began: Monotonic,
}

/// The transactions of one round, in their order. Each takes what there is of its kind, or is left out.
#[derive(Debug)]
pub enum Round {
    /// What is decided, and markers where they are due.
    Decided {
        /// What it takes.
        ready: Vec<ReadyToCommit>,
        /// Whether markers are due.
        markers: bool,
    },
    /// What an operator released.
    Releases,
    /// Dead letters that go apart: so many of those that are held.
    Letters(usize),
}

impl Committer {
    /// Nothing to commit yet.
    #[must_use]
    pub fn new(marker_interval: Duration, now: Monotonic) -> Self {
        Self {
            ready: Vec::new(),
            held: Vec::new(),
            letters: DeadLetterBackoff::default(),
            in_flight: None,
            next_markers: now + marker_interval,
            next_commit: now,
            not_before: None,
            marker_interval,
        }
    }

    /// Whether so much waits that nothing more is asked for.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.ready.len() >= MOST_READY
    }

    /// Whether a transaction may begin now, while lookups are under way or not.
    #[must_use]
    pub fn may_begin(&self, has_lookups: bool, now: Monotonic) -> bool {
        let is_early = has_lookups && now < self.next_commit && self.ready.len() < ENOUGH_READY;
        let is_barred = self.not_before.is_some_and(|not_before| now < not_before);
        self.in_flight.is_none() && !is_early && !is_barred
    }

    /// When something is committed next, if nothing else happens; while lookups are under way or not.
    #[must_use]
    pub fn next_begin(&self, has_lookups: bool, now: Monotonic) -> Option<Monotonic> {
        if self.in_flight.is_some() {
            return None;
        }
        let at_once = !has_lookups || self.ready.len() >= ENOUGH_READY;
        let pause = if at_once { now } else { self.next_commit };
        let ready = (!self.ready.is_empty()).then(|| self.not_before.unwrap_or(pause));
        let letters = (!self.held.is_empty())
            .then(|| self.letters.due_at())
            .flatten();
        let next = [ready, letters].into_iter().flatten().min();
        let markers = self.next_markers.max(self.not_before.unwrap_or_default());
        Some(next.map_or(markers, |next| next.min(markers)))
    }

    /// Whether undecided triggers are due to be written down.
    #[must_use]
    pub fn markers_are_due(&self, now: Monotonic) -> bool {
        now >= self.next_markers
    }

    /// All that is undecided is written with the transaction that begins.
    pub fn wrote_markers(&mut self, now: Monotonic) {
        self.next_markers = now + self.marker_interval;
    }

    /// Everything is to be committed now.
    pub const fn hurry(&mut self, now: Monotonic) {
        self.not_before = None;
        self.next_markers = now;
        self.next_commit = now;
    }

    /// Whether a transaction was aborted and none committed since.
    #[must_use]
    pub const fn was_aborted(&self) -> bool {
        self.not_before.is_some()
    }

    /// A transaction took so long, however it ended.
    pub fn ended(&mut self, took: Duration, now: Monotonic) {
        self.next_commit = now + took.min(LONGEST_PAUSE);
    }

    /// A transaction was committed that took more than dead letters alone.
    pub const fn committed(&mut self) {
        self.not_before = None;
    }

    /// The same was aborted: what is still owned is tried again a little later.
    pub fn aborted(&mut self, now: Monotonic) {
        self.not_before = Some(now + RETRY);
        self.next_markers = self.next_markers.min(now + RETRY);
    }

    /// What was to be committed is ready again, before what came meanwhile. Where there are dead letters in it, their topic
    /// may be why it was aborted: they go apart.
    pub fn put_back(&mut self, ready: Vec<ReadyToCommit>, now: Monotonic) {
        if ready.iter().any(ReadyToCommit::is_dead_letter) {
            self.letters.set_apart(now);
        }
        let meanwhile = std::mem::replace(&mut self.ready, ready);
        self.ready.extend(meanwhile);
    }

    /// Takes dead letters out of what is ready, where they go apart: each is held or, where it is not time to try, given
    /// back.
    pub fn set_letters_apart(&mut self, now: Monotonic) -> Vec<ReadyToCommit> {
        if !self.letters.is_apart() {
            return Vec::new();
        }
        let letters = self.ready.extract_if(.., |one| one.is_dead_letter());
        let letters: Vec<_> = letters.collect();
        if self.letters.is_due(now) {
            self.held.extend(letters);
            Vec::new()
        } else {
            letters
        }
    }

    /// How many of the held dead letters go into the next transaction: at least one, where there is one and it is time.
    #[must_use]
    pub fn letters_to_commit(&self, now: Monotonic) -> usize {
        if self.letters.is_due(now) {
            together(&self.held)
        } else {
            0
        }
    }

    /// So many dead letters are committed.
    pub fn letters_committed(&mut self, count: usize) {
        self.held.drain(..count);
        if self.held.is_empty() {
            self.letters.committed();
        }
    }

    /// Forgets partitions; gives the records that no work in the queue counts.
    pub fn give_up(&mut self, partitions: &[i32]) -> u64 {
        let is_given_up = |one: &mut ReadyToCommit| partitions.contains(&one.partition());
        let ready = self.ready.extract_if(.., is_given_up);
        let ready: u64 = ready.map(|one| one.loose_records()).sum();
        let held = self.held.extract_if(.., is_given_up);
        ready + held.map(|one| one.loose_records()).sum::<u64>()
    }

    /// Records that no work in the queue counts.
    #[must_use]
    pub fn loose_records(&self) -> u64 {
        let all = self.ready.iter().chain(&self.held);
        all.map(ReadyToCommit::loose_records).sum()
    }
}

/// How many of these go into one transaction.
fn together(letters: &[ReadyToCommit]) -> usize {
    let mut bytes = 0;
    let fit = letters.iter().take_while(|letter| {
        let is_within = bytes < LETTERS_TOGETHER;
        bytes += letter.bytes();
        is_within
    });
    fit.count()
}

#[cfg(test)]
mod tests;
