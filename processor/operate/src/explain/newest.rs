//! Keeps the newest of many things, and counts all. Pure.

use std::collections::VecDeque;

use serde::Serialize;

/// The most things of a kind that are kept.
const KEPT: usize = 50;

/// The newest things of a kind, in order, the oldest of them first; and how many there were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Newest<T> {
    /// How many there were.
    pub total: u64,
    /// The newest 50.
    pub newest: VecDeque<T>,
}

impl<T> Default for Newest<T> {
    fn default() -> Self {
        Self {
            total: 0,
            newest: VecDeque::new(),
        }
    }
}

impl<T> Newest<T> {
    pub(super) fn push(&mut self, one: T) {
        self.total += 1;
        if self.newest.len() == KEPT {
            self.newest.pop_front();
        }
        self.newest.push_back(one);
    }

    /// Returns the newest one.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.newest.back()
    }
}
