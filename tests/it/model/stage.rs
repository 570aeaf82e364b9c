//! A pipeline with short grace periods, a world and processors: what a history is played on.

use std::time::Duration;

use harness::{Pipeline, Setup, WITHIN, eventually};
use stackone_link_wire::Topic;
use tokio::sync::Mutex;

use super::history::{Round, Upheaval};
use super::observed::{Seen, resync, settle};
use super::replicas::Replicas;
use super::world::World;

const PARTITIONS: i32 = 3;

/// One after the other: a broker that makes the topics of many at once is slow to show them.
pub(crate) async fn pipeline(name: &str) -> Pipeline {
    static STARTING: Mutex<()> = Mutex::const_new(());
    let _one = STARTING.lock().await;
    let mut pipeline = Pipeline::with(name, Setup::partitions(PARTITIONS)).await;
    let settings = &mut pipeline.settings;
    // So short that a history takes seconds, and long enough for what has to happen within them.
    settings.reconcile.activation_grace = Duration::from_secs(1);
    settings.reconcile.delete_grace = Duration::from_millis(400);
    settings.reconcile.delete_confirm = Duration::from_millis(200);
    settings.reconcile.vanish_grace = Duration::from_millis(500);
    settings.reconcile.lag_recheck = Duration::from_millis(100);
    settings.lookups.timeout = Duration::from_millis(700);
    if !pipeline.broker.is_real() {
        settings.group.session_timeout = Duration::from_secs(4);
    }
    pipeline
}

/// Those who act in a history.
pub(crate) struct Stage<'a> {
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) world: World<'a>,
    pub(crate) replicas: Replicas<'a>,
}

impl<'a> Stage<'a> {
    pub(crate) async fn set(pipeline: &'a Pipeline, seed: u64) -> Self {
        Self {
            pipeline,
            world: World::new(pipeline, PARTITIONS, seed),
            replicas: Replicas::start(pipeline).await,
        }
    }

    /// Sends what is in the outbox, with the processors' upheaval in the midst of it. From here on
    /// the round's changes are made.
    pub(crate) async fn send_amid(&mut self, round: &Round, upheaval: Upheaval) {
        let answers = self.answers();
        let is_prepared = self.replicas.prepare(upheaval);
        let named = self.world.send_some();
        if is_prepared && named > 0 {
            self.replicas.are_busy().await;
        } else if !is_prepared {
            self.api_answered(answers + round.moment.min(named)).await;
        }
        self.replicas.undergo(upheaval).await;
        if is_prepared {
            self.pipeline.simulator.faults().clear_all();
        }
        self.world.send_all();
    }

    pub(crate) fn set_faults(&self, round: &Round) {
        let faults = self.pipeline.simulator.faults();
        faults.clear_all();
        for fault in &round.faults {
            faults.set(fault.clone()).unwrap();
        }
    }

    /// Waits until everything that was sent is decided.
    pub(crate) async fn settle(&self) {
        settle(self.pipeline, &self.world, &self.replicas).await;
    }

    /// Lists all accounts, and waits until that is taken in, but for the looks at what was not
    /// listed.
    pub(crate) async fn resync(&self) {
        self.pipeline.simulator.faults().clear_all();
        resync(self.pipeline).await;
        self.settle().await;
    }

    /// Ends a history. Nothing is left pending, nothing was put aside, and what is known is what is
    /// true.
    pub(crate) async fn end(self) -> Seen {
        self.replicas.assert_conserved().await;
        self.replicas.stop().await;
        let seen = Seen::now(self.pipeline).await;
        seen.assert_nothing_is_pending();
        let dead_letters = self.pipeline.reader(Topic::DeadLetter);
        assert_eq!(dead_letters.read_all_committed().await, []);
        for (account, id) in self.world.ids.iter().enumerate() {
            let truth = self.world.truth(account);
            seen.agrees(id, truth.as_ref()).unwrap();
        }
        seen
    }

    async fn api_answered(&self, wanted: usize) {
        let answered = eventually("the API has answered", WITHIN, async || {
            let answers = self.answers();
            if answers >= wanted {
                Ok(())
            } else {
                Err(format!("{answers} of {wanted}"))
            }
        });
        answered.await.unwrap();
    }

    fn answers(&self) -> usize {
        let counts = self.pipeline.simulator.api_requests();
        let all: u64 = counts.iter().map(|count| count.count).sum();
        usize::try_from(all).unwrap()
    }
}
