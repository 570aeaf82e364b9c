//! Plays the story: carries the acts out, and waits after each scene for what must come of it.

mod acts;
mod linking;
mod resync;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use stackone_simulator::{AccountId, Simulator};

use crate::cast::{Cast, Customer};
use crate::observed::{Notebook, Observed};
use crate::product::Product;
use crate::resync::Resync;
use crate::screen::Screen;
use crate::stage::Stage;
use crate::story::Scene;
use crate::verdict::{Expectation, Expectations, WITHIN_SECONDS};
use crate::watch::{Spotlight, Watch};

const WITHIN: Duration = Duration::from_secs(WITHIN_SECONDS);

/// The story as far as it was played.
pub(crate) struct Performance {
    simulator: Simulator,
    resync: Arc<Resync>,
    product: Product,
    notebook: Notebook,
    spotlight: Spotlight,
    screen: Screen,
    pause: Duration,
    cast: Cast,
    expected: Expectations,
    /// Link sessions that were verified.
    links: u64,
}

impl Performance {
    /// `pause` is how long a person has to look at what came of each scene.
    pub(crate) fn new(stage: &Stage, watch: &Watch, screen: &Screen, pause: Duration) -> Self {
        Self {
            simulator: stage.simulator.clone(),
            resync: Arc::clone(&stage.resync),
            product: stage.product.clone(),
            notebook: watch.notebook.clone(),
            spotlight: watch.spotlight.clone(),
            screen: screen.clone(),
            pause,
            cast: Cast::default(),
            expected: Expectations::default(),
            links: 0,
        }
    }

    /// Plays the scenes, up to one of which nothing comes, and gives all that must have been seen.
    ///
    /// # Errors
    ///
    /// Where an act is not possible.
    pub(crate) async fn play(mut self, scenes: Vec<Scene>) -> anyhow::Result<Expectations> {
        for (index, scene) in scenes.iter().enumerate() {
            self.screen
                .heading(&format!("{}. {}", index + 1, scene.heading));
            self.light(scene);
            for act in &scene.acts {
                let done = self.carry_out(*act).await;
                done.with_context(|| format!("scene {}: {act:?}", index + 1))?;
            }
            // Who links has no account before.
            self.light(scene);
            self.expect(scene)?;
            if !self.comes_true().await {
                self.screen
                    .note("the story ends here: what must come next is not seen");
                break;
            }
            tokio::time::sleep(self.pause).await;
        }
        self.spotlight.turn_to(None);
        Ok(self.counted())
    }

    /// Turns the spotlight to the account that the scene is about.
    fn light(&self, scene: &Scene) {
        let customer = scene.only_customer();
        let account = customer.and_then(|customer| self.cast.account(customer));
        self.spotlight.turn_to(account.cloned());
    }

    /// Waits until the scene is over: every webhook is answered and on Kafka, every event seen,
    /// every record accounted for.
    async fn comes_true(&self) -> bool {
        if tokio::time::timeout(WITHIN, self.simulator.settled())
            .await
            .is_err()
        {
            return false;
        }
        let stored = self.counted().accepted;
        let (events, triggers) = (self.expected.events.len(), self.expected.triggers.total());
        let is_over = |seen: &Observed| {
            let is_stored = seen.stored() >= stored && seen.triggers.total() >= triggers;
            seen.lifecycle.len() >= events && is_stored && seen.is_settled()
        };
        self.notebook.sees(WITHIN, is_over).await
    }

    fn counted(&self) -> Expectations {
        let counts = self.simulator.delivered();
        Expectations {
            accepted: usize::try_from(counts.delivered).unwrap_or(usize::MAX),
            rejected: counts.given_up,
            lost: counts.lost,
            links: self.links,
            ..self.expected.clone()
        }
    }

    fn expect(&mut self, scene: &Scene) -> anyhow::Result<()> {
        for expected in &scene.expected {
            let account = self.account(expected.customer)?.to_string();
            let earlier = self
                .expected
                .events
                .iter()
                .filter(|event| event.account == account);
            let version = earlier.count() as u64 + 1;
            self.expected.events.push(Expectation {
                account,
                label: expected.customer.label(),
                version,
                event: expected.event.clone(),
                status: expected.status,
                by_listing: expected.by_listing,
            });
        }
        Ok(())
    }

    fn account(&self, customer: Customer) -> anyhow::Result<&AccountId> {
        self.cast
            .account(customer)
            .with_context(|| format!("{customer:?} has no account yet"))
    }
}
