//! Keeps the results of the newest facts, for a request that has written one and waits for its
//! result.

use std::collections::{HashMap, VecDeque};

use crate::session::Folded;

/// How many facts are kept by their positions: more than are written while a request waits for its
/// own.
const NEWEST: usize = 4096;

/// The position of a fact in its topic: partition and offset.
pub(crate) type Place = (i32, i64);

/// The results of the newest facts.
#[derive(Default)]
pub(super) struct Newest {
    folded: HashMap<Place, Folded>,
    /// The positions, the oldest first.
    order: VecDeque<Place>,
}

impl Newest {
    /// Adds a fact in place of the oldest. A fact that is read again keeps its first result.
    pub(super) fn put(&mut self, place: Place, folded: Folded) {
        if self.folded.contains_key(&place) {
            return;
        }
        if self.order.len() >= NEWEST
            && let Some(oldest) = self.order.pop_front()
        {
            self.folded.remove(&oldest);
        }
        self.folded.insert(place, folded);
        self.order.push_back(place);
    }

    pub(super) fn get(&self, place: Place) -> Option<Folded> {
        self.folded.get(&place).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_the_newest_facts_is_remembered_and_of_the_oldest_forgotten() {
        let mut newest = Newest::default();
        let places = || (0..).take(NEWEST).map(|offset| (1, offset));
        places().for_each(|place| newest.put(place, Folded::Counted));
        newest.put((1, 7), Folded::Ignored);
        assert_eq!(newest.get((1, 7)), Some(Folded::Counted));
        assert_eq!(newest.get((1, 0)), Some(Folded::Counted));
        newest.put((2, 0), Folded::Orphan);
        assert_eq!(newest.get((2, 0)), Some(Folded::Orphan));
        assert_eq!(newest.get((1, 0)), None);
        assert_eq!(newest.folded.len(), NEWEST);
    }
}
