//! What may be held at once, counted apart before and after authentication, so that what has not been authenticated
//! cannot starve what has.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::config::{LimitSettings, StageLimits};

/// An amount of which only so much may be taken at once.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    limit: usize,
    taken: Arc<AtomicUsize>,
}

/// What was taken from a budget; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Budget,
    amount: usize,
}

impl Budget {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            taken: Arc::new(AtomicUsize::new(0)),
        }
    }

    /// Takes `amount`, at once or not at all.
    pub(crate) fn take(&self, amount: usize) -> Option<Share> {
        let mut share = Share {
            budget: self.clone(),
            amount: 0,
        };
        share.grow(amount).then_some(share)
    }

    fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Share {
    /// Takes `more` besides; says whether it could.
    pub(crate) fn grow(&mut self, more: usize) -> bool {
        let limit = self.budget.limit;
        let grown = |taken: usize| taken.checked_add(more).filter(|sum| *sum <= limit);
        let taken = &self.budget.taken;
        let result = taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown);
        if result.is_ok() {
            self.amount += more;
        }
        result.is_ok()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.amount, Ordering::Relaxed);
    }
}

/// The budgets of one stage of a request.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) requests: Budget,
    pub(crate) body_bytes: Budget,
}

impl Stage {
    fn new(limits: StageLimits) -> Self {
        Self {
            requests: Budget::new(limits.requests),
            body_bytes: Budget::new(limits.body_bytes),
        }
    }
}

/// The budgets of both stages.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) before_authentication: Stage,
    pub(crate) after_authentication: Stage,
}

/// What is held now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InFlight {
    pub(crate) requests: usize,
    pub(crate) body_bytes: usize,
}

impl Limits {
    pub(crate) fn new(settings: &LimitSettings) -> Self {
        Self {
            before_authentication: Stage::new(settings.before_authentication),
            after_authentication: Stage::new(settings.after_authentication),
        }
    }

    pub(crate) fn in_flight(&self) -> InFlight {
        let (before, after) = (&self.before_authentication, &self.after_authentication);
        InFlight {
            requests: before.requests.taken() + after.requests.taken(),
            body_bytes: before.body_bytes.taken() + after.body_bytes.taken(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_more_is_taken_than_there_is_and_all_of_it_comes_back() {
        let budget = Budget::new(10);
        let mut share = budget.take(4).unwrap();
        assert!(share.grow(6));
        assert!(!share.grow(1));
        assert!(budget.take(1).is_none());
        assert!(!share.grow(usize::MAX));
        drop(share);
        assert_eq!(budget.taken(), 0);
        assert!(budget.take(11).is_none());
        assert_eq!(budget.taken(), 0);
    }

    proptest! {
        #[test]
        fn the_sum_of_shares_never_exceeds_the_limit(amounts in proptest::collection::vec(0usize..40, 0..30)) {
            let budget = Budget::new(100);
            let shares: Vec<_> = amounts.iter().filter_map(|amount| budget.take(*amount)).collect();
            let sum: usize = shares.iter().map(|share| share.amount).sum();
            prop_assert!(sum <= 100);
            prop_assert_eq!(sum, budget.taken());
            drop(shares);
            prop_assert_eq!(budget.taken(), 0);
        }
    }
}
