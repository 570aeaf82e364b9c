//! What may be held at once, counted apart before and after authentication, so that what has not
//! been authenticated cannot starve what has.

mod readers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::config::{LimitSettings, StageLimits};
pub(super) use readers::{PATIENCE, Reader};
use readers::{Readers, Scarce};

/// How long the place of a reader that was told to give way is waited for, before another is told.
const GIVING_WAY: Duration = Duration::from_millis(100);

/// An amount of which only so much may be taken at once.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    limit: usize,
    left: Arc<Semaphore>,
}

/// What was taken from a budget; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share(OwnedSemaphorePermit);

impl Budget {
    fn new(limit: usize) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        Self {
            limit,
            left: Arc::new(Semaphore::new(limit)),
        }
    }

    /// Takes `amount`, at once or not at all.
    pub(crate) fn take(&self, amount: usize) -> Option<Share> {
        let taken = Arc::clone(&self.left).try_acquire_many_owned(u32::try_from(amount).ok()?);
        taken.ok().map(Share)
    }

    /// Takes `amount` as soon as there is as much.
    async fn wait_for(&self, amount: usize) -> Option<Share> {
        let taken = Arc::clone(&self.left).acquire_many_owned(u32::try_from(amount).ok()?);
        taken.await.ok().map(Share)
    }

    fn taken(&self) -> usize {
        self.limit - self.left.available_permits()
    }
}

impl Share {
    /// This and `more` of the same budget, as one.
    pub(crate) fn and(mut self, more: Self) -> Self {
        self.0.merge(more.0);
        self
    }
}

/// The budgets of one stage of a request: how many requests, and how many bytes of bodies.
#[derive(Debug)]
pub(crate) struct Stage {
    requests: Budget,
    body_bytes: Budget,
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
    before_authentication: Stage,
    after_authentication: Stage,
    pub(super) readers: Readers,
    /// The largest body, in bytes.
    pub(crate) max_body_bytes: usize,
    /// How long a body may take, after its headers.
    pub(crate) body_deadline: Duration,
}

/// What is held now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InFlight {
    pub(crate) requests: usize,
    pub(crate) body_bytes: usize,
}

impl Limits {
    pub(crate) fn new(settings: &LimitSettings, body_deadline: Duration) -> Self {
        Self {
            before_authentication: Stage::new(settings.before_authentication),
            after_authentication: Stage::new(settings.after_authentication),
            readers: Readers::default(),
            max_body_bytes: settings.max_body_bytes,
            body_deadline,
        }
    }

    /// A share for one authentic webhook with a body of `bytes`.
    pub(crate) fn admit(&self, bytes: usize) -> Option<[Share; 2]> {
        let stage = &self.after_authentication;
        Some([stage.requests.take(1)?, stage.body_bytes.take(bytes)?])
    }

    /// A share for one request that is not authenticated yet; see [`Self::read`].
    pub(crate) async fn admit_reader(&self) -> Option<Share> {
        let places = &self.before_authentication.requests;
        self.displacing(places, 1, Scarce::Places).await
    }

    /// A share for `bytes` of a body that is not authenticated yet. Where there are no more, slow
    /// readers give way; nothing where nobody has been slow.
    pub(crate) async fn read(&self, bytes: usize) -> Option<Share> {
        let held = &self.before_authentication.body_bytes;
        self.displacing(held, bytes, Scarce::Bytes).await
    }

    async fn displacing(&self, budget: &Budget, amount: usize, scarce: Scarce) -> Option<Share> {
        if let Some(share) = budget.take(amount) {
            return Some(share);
        }
        while self.readers.displace_one(scarce, Instant::now()) {
            if let Ok(share) = timeout(GIVING_WAY, budget.wait_for(amount)).await {
                return share;
            }
        }
        None
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
    use futures_util::future::poll_immediate;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_budget_of_bytes_gives_no_more_than_it_has_and_gets_all_of_it_back() {
        let budget = Budget::new(10);
        let share = budget.take(4).unwrap().and(budget.take(6).unwrap());
        assert!(budget.take(1).is_none());
        assert!(budget.take(usize::MAX).is_none());
        assert!(budget.take(0).is_some());
        drop(share);
        assert_eq!(budget.taken(), 0);
        assert!(budget.take(11).is_none());
        assert_eq!(budget.taken(), 0);
    }

    #[tokio::test]
    async fn where_no_body_has_been_slow_none_gives_way() {
        let stage = StageLimits {
            requests: 1,
            body_bytes: 1,
        };
        let settings = LimitSettings {
            max_body_bytes: 1,
            before_authentication: stage,
            after_authentication: stage,
        };
        let limits = Limits::new(&settings, Duration::ZERO);
        let _one = limits.admit_reader().await.unwrap();
        let reader = Arc::new(Reader::new(Instant::now()));
        let mut waits = Box::pin(limits.readers.has_to_give_way(&reader));
        assert!(poll_immediate(&mut waits).await.is_none());
        assert!(limits.admit_reader().await.is_none());
    }

    proptest! {
        #[test]
        fn the_sum_of_shares_never_exceeds_the_limit(amounts in proptest::collection::vec(0usize..40, 0..30)) {
            let budget = Budget::new(100);
            let shares: Vec<_> = amounts.iter().filter_map(|amount| budget.take(*amount)).collect();
            let sum: usize = shares.iter().map(|share| share.0.num_permits()).sum();
            prop_assert!(sum <= 100);
            prop_assert_eq!(sum, budget.taken());
            drop(shares);
            prop_assert_eq!(budget.taken(), 0);
        }
    }
}
