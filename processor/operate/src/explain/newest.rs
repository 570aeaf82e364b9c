//! Very many things, of which the newest are kept. Pure.

use std::collections::VecDeque;

use serde::Serialize;

/// Most things of a kind that are kept, the newest; the others are only counted.
const KEPT: usize = 50;

/// The newest things of a kind, the oldest of them first, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Newest<T> {
    /// How many there are.
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

    /// The newest of all.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.newest.back()
    }
}
