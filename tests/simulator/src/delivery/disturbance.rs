//! What goes wrong between StackOne and us: loss, copies, another order, delay. Deterministic for a
//! seed.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::milliseconds;

/// What goes wrong with webhooks on their way. By default nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Disturbance {
    /// The next so many webhooks are lost.
    pub lose_next: u32,
    /// The probability, 0 to 1, that one is lost.
    pub lose_probability: f64,
    /// How often each is delivered.
    pub copies: NonZeroU32,
    /// How many are held back and then sent in another order; below 2, none.
    pub reorder_window: usize,
    /// Each delivery waits a random time, up to this.
    #[serde(rename = "extra_delay_ms", with = "milliseconds")]
    pub extra_delay: Duration,
}

impl Default for Disturbance {
    fn default() -> Self {
        Self {
            lose_next: 0,
            lose_probability: 0.0,
            copies: NonZeroU32::MIN,
            reorder_window: 0,
            extra_delay: Duration::ZERO,
        }
    }
}

impl Disturbance {
    /// Whether it can be carried out.
    ///
    /// # Errors
    ///
    /// When the probability is not from 0 to 1.
    pub fn validate(&self) -> Result<(), InvalidDisturbance> {
        if (0.0..=1.0).contains(&self.lose_probability) {
            Ok(())
        } else {
            Err(InvalidDisturbance)
        }
    }
}

/// A probability that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("lose_probability is from 0 to 1")]
pub struct InvalidDisturbance;

/// What is to be done with a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate<T> {
    Lost(T),
    /// Sent, after a wait. `extra`: it is a copy that nobody asked for.
    Sent {
        item: T,
        wait: Duration,
        extra: bool,
    },
}

/// Decides the fate of webhooks, holding some back in order to reorder them.
#[derive(Debug)]
pub(crate) struct Disturber<T> {
    disturbance: Disturbance,
    random: fastrand::Rng,
    held: Vec<T>,
}

impl<T: Clone> Disturber<T> {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            disturbance: Disturbance::default(),
            random: fastrand::Rng::with_seed(seed),
            held: Vec::new(),
        }
    }

    pub(crate) fn disturbance(&self) -> Disturbance {
        self.disturbance
    }

    pub(crate) fn set(&mut self, disturbance: Disturbance) {
        self.disturbance = disturbance;
    }

    /// Takes a webhook in; gives what is to be done now.
    pub(crate) fn take(&mut self, item: T) -> Vec<Fate<T>> {
        if self.loses() {
            return vec![Fate::Lost(item)];
        }
        self.held.push(item);
        if self.held.len() >= self.disturbance.reorder_window.max(1) {
            self.release()
        } else {
            Vec::new()
        }
    }

    /// Whether webhooks wait for others to be mixed with.
    pub(crate) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Gives what is held, in another order if there are several.
    pub(crate) fn release(&mut self) -> Vec<Fate<T>> {
        let mut order: Vec<usize> = (0..self.held.len()).collect();
        self.random.shuffle(&mut order);
        // A shuffle may change nothing; a window that was asked for shall.
        if order.is_sorted() && !order.is_empty() {
            order.rotate_left(1);
        }
        let held = std::mem::take(&mut self.held);
        let reordered = order.into_iter().map(|position| held[position].clone());
        let sent: Vec<T> = reordered.collect();
        sent.into_iter()
            .flat_map(|item| self.copies(&item))
            .collect()
    }

    fn copies(&mut self, item: &T) -> Vec<Fate<T>> {
        let longest = milliseconds::whole(self.disturbance.extra_delay);
        (0..self.disturbance.copies.get())
            .map(|copy| Fate::Sent {
                item: item.clone(),
                wait: Duration::from_millis(self.random.u64(..=longest)),
                extra: copy > 0,
            })
            .collect()
    }

    fn loses(&mut self) -> bool {
        if self.disturbance.lose_next > 0 {
            self.disturbance.lose_next -= 1;
            return true;
        }
        self.random.f64() < self.disturbance.lose_probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn play(seed: u64, disturbance: Disturbance, items: u32) -> Vec<Fate<u32>> {
        let mut disturber = Disturber::new(seed);
        disturber.set(disturbance);
        let mut fates: Vec<_> = (0..items).flat_map(|item| disturber.take(item)).collect();
        fates.extend(disturber.release());
        assert!(!disturber.holds());
        fates
    }

    fn sent(fates: &[Fate<u32>]) -> Vec<u32> {
        fates
            .iter()
            .filter_map(|fate| match fate {
                Fate::Sent { item, .. } => Some(*item),
                Fate::Lost(_) => None,
            })
            .collect()
    }

    #[test]
    fn undisturbed_webhooks_go_out_at_once_in_order() {
        let fates = play(1, Disturbance::default(), 5);
        assert_eq!(sent(&fates), [0, 1, 2, 3, 4]);
        assert!(
            fates
                .iter()
                .all(|fate| matches!(fate, Fate::Sent { wait, .. } if wait.is_zero()))
        );
    }

    #[test]
    fn a_window_of_two_swaps_neighbours() {
        let swap = Disturbance {
            reorder_window: 2,
            ..Disturbance::default()
        };
        assert_eq!(sent(&play(1, swap, 5)), [1, 0, 3, 2, 4]);
    }

    #[test]
    fn the_next_ones_are_lost_and_the_others_copied() {
        let disturbance = Disturbance {
            lose_next: 2,
            copies: NonZeroU32::new(2).unwrap(),
            ..Disturbance::default()
        };
        let fates = play(1, disturbance, 3);
        assert_eq!(fates[..2], [Fate::Lost(0), Fate::Lost(1)]);
        assert_eq!(sent(&fates), [2, 2]);
    }

    proptest! {
        #[test]
        fn every_webhook_is_sent_as_often_as_asked_or_lost_and_a_seed_repeats_itself(
            seed: u64,
            lose_probability in 0.0..=1.0_f64,
            copies in 1..4_u32,
            reorder_window in 0..6_usize,
            items in 0..30_u32,
        ) {
            let disturbance = Disturbance {
                lose_probability,
                copies: NonZeroU32::new(copies).unwrap(),
                reorder_window,
                extra_delay: Duration::from_millis(50),
                ..Disturbance::default()
            };
            let fates = play(seed, disturbance, items);
            prop_assert_eq!(&fates, &play(seed, disturbance, items));
            let sent = sent(&fates);
            for item in 0..items {
                let times = sent.iter().filter(|other| **other == item).count();
                let expected = if fates.contains(&Fate::Lost(item)) { 0 } else { copies as usize };
                prop_assert_eq!(times, expected);
            }
        }
    }
}
