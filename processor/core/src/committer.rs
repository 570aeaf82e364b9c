//! Holds what is decided until a transaction has committed it, and decides when the next
//! transaction begins.

pub mod effect;
pub mod in_flight;
pub mod pending;
pub mod ready_to_commit;
pub mod stage;

use std::time::Duration;

use crate::committer::in_flight::InFlight;
use crate::committer::ready_to_commit::ReadyToCommit;
use crate::dead_letter_backoff::DeadLetterBackoff;
use crate::time::Monotonic;

/// The most answers that may wait for a commit. Beyond this, no lookups are sent: where Kafka
/// cannot commit, further answers would only grow old and take memory.
const MOST_READY: usize = 1_000;
/// This many answers end the pause between two transactions.
const ENOUGH_READY: usize = MOST_READY / 4;
/// A transaction costs much the same for one answer as for a hundred. So while lookups are under
/// way, a pause follows each transaction, as long as the transaction took, up to this bound.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// How long to wait after an aborted transaction.
const RETRY: Duration = Duration::from_millis(200);
/// The most bytes of dead letters in one transaction. It is committed in time, and staging takes
/// little memory, however many letters are held.
const LETTERS_TOGETHER: usize = 4 * 1024 * 1024;

/// The owner of everything that is decided and not committed.
#[derive(Debug)]
pub struct Committer {
    /// The items for the next transaction.
    pub ready: Vec<ReadyToCommit>,
    /// Dead letters that wait for a transaction of their own. Their offsets stay open, so no commit
    /// passes them.
    pub held: Vec<ReadyToCommit>,
    /// When dead letters get a transaction of their own.
    pub letters: DeadLetterBackoff,
    /// The transaction that is under way.
    pub in_flight: Option<InFlight>,
    /// When markers are due next.
    pub next_markers: Monotonic,
    /// While lookups are under way, no transaction begins before this time.
    next_commit: Monotonic,
    /// After an abort, no transaction begins before this time.
    not_before: Option<Monotonic>,
    marker_interval: Duration,
    /// Whether no marker was due the last time, and only time has passed since.
    is_at_rest: bool,
}

impl Committer {
    /// Starts empty; markers are due after `marker_interval`.
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
            is_at_rest: false,
        }
    }

    /// Whether so many items wait that no more lookups may be sent.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.ready.len() >= MOST_READY
    }

    /// Whether a transaction may begin now. `has_lookups` says whether lookups are under way.
    #[must_use]
    pub fn may_begin(&self, has_lookups: bool, now: Monotonic) -> bool {
        let is_early = has_lookups && now < self.next_commit && self.ready.len() < ENOUGH_READY;
        let is_barred = self.not_before.is_some_and(|not_before| now < not_before);
        self.in_flight.is_none() && !is_early && !is_barred
    }

    /// Returns when the next transaction begins if no input comes before, or when the one under way
    /// goes on. `has_lookups` says whether lookups are under way.
    #[must_use]
    pub fn next_begin(&self, has_lookups: bool, now: Monotonic) -> Option<Monotonic> {
        match self.in_flight {
            Some(InFlight::Committing { .. }) => return None,
            Some(InFlight::Staging { .. } | InFlight::Applying { .. }) => return Some(now),
            None => {}
        }
        let at_once = !has_lookups || self.ready.len() >= ENOUGH_READY;
        let pause = if at_once { now } else { self.next_commit };
        let ready = (!self.ready.is_empty()).then(|| self.not_before.unwrap_or(pause));
        let letters = (!self.held.is_empty())
            .then(|| self.letters.due_at())
            .flatten();
        let next = [ready, letters].into_iter().flatten().min();
        let markers = self.next_markers.max(self.not_before.unwrap_or_default());
        let markers = (!self.is_at_rest).then_some(markers);
        next.into_iter().chain(markers).min()
    }

    /// Notes that a round found no marker to write. Time alone makes none due, so the next round
    /// waits for an input.
    pub const fn rest(&mut self) {
        self.is_at_rest = true;
    }

    /// Notes an input, which may have made markers due.
    pub const fn stir(&mut self) {
        self.is_at_rest = false;
    }

    /// Whether markers are due.
    #[must_use]
    pub fn markers_are_due(&self, now: Monotonic) -> bool {
        now >= self.next_markers
    }

    /// Notes that the transaction that begins writes all markers.
    pub fn wrote_markers(&mut self, now: Monotonic) {
        self.next_markers = now + self.marker_interval;
    }

    /// Lets the next transaction begin at once.
    pub const fn hurry(&mut self, now: Monotonic) {
        self.not_before = None;
        self.next_markers = now;
        self.next_commit = now;
    }

    /// Whether a transaction was aborted and none was committed since.
    #[must_use]
    pub const fn was_aborted(&self) -> bool {
        self.not_before.is_some()
    }

    /// Notes how long a transaction took, however it ended.
    pub fn ended(&mut self, took: Duration, now: Monotonic) {
        self.next_commit = now + took.min(LONGEST_PAUSE);
    }

    /// Notes that a transaction was committed that held more than dead letters.
    pub const fn committed(&mut self) {
        self.not_before = None;
    }

    /// Notes that such a transaction was aborted: its items are tried again after a short wait.
    pub fn aborted(&mut self, now: Monotonic) {
        self.not_before = Some(now + RETRY);
        self.next_markers = self.next_markers.min(now + RETRY);
    }

    /// Puts the items of an aborted transaction back, before the items that came meanwhile. Dead
    /// letters among them may be why it was aborted, so they get a transaction of their own.
    pub fn put_back(&mut self, ready: Vec<ReadyToCommit>, now: Monotonic) {
        if ready.iter().any(ReadyToCommit::is_dead_letter) {
            self.letters.set_apart(now);
        }
        let meanwhile = std::mem::replace(&mut self.ready, ready);
        self.ready.extend(meanwhile);
    }

    /// Takes dead letters out of `ready` where they need a transaction of their own, and holds them
    /// for it. Returns them instead while that transaction may not begin.
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

    /// Returns how many held dead letters go into the next transaction: at least one if any are
    /// held and due.
    #[must_use]
    pub fn letters_to_commit(&self, now: Monotonic) -> usize {
        if self.letters.is_due(now) {
            together(&self.held)
        } else {
            0
        }
    }

    /// Removes this many dead letters, which are committed.
    pub fn letters_committed(&mut self, count: usize) {
        self.held.drain(..count);
        if self.held.is_empty() {
            self.letters.committed();
        }
    }

    /// Drops the items of partitions that were given up. Returns how many of their records no work
    /// in the queue counts.
    pub fn give_up(&mut self, partitions: &[i32]) -> u64 {
        let is_given_up = |one: &mut ReadyToCommit| partitions.contains(&one.partition());
        let ready = self.ready.extract_if(.., is_given_up);
        let ready: u64 = ready.map(|one| one.loose_records()).sum();
        let held = self.held.extract_if(.., is_given_up);
        ready + held.map(|one| one.loose_records()).sum::<u64>()
    }

    /// Returns how many records belong to no work in the queue.
    #[must_use]
    pub fn loose_records(&self) -> u64 {
        let all = self.ready.iter().chain(&self.held);
        all.map(ReadyToCommit::loose_records).sum()
    }
}

/// Returns how many of these letters fit into one transaction.
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
