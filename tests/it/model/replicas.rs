//! The processors of a history, and what befalls them.

use std::collections::BTreeMap;

use harness::{Metrics, Pipeline, ServiceProcess, WITHIN, eventually};
use stackone_simulator::{Fault, FaultRule};

use super::history::Upheaval;
use crate::pipeline_dead_letters::assert_conserved;

const FIRST: &str = "a";
const SECOND: &str = "b";

pub(crate) struct Replicas<'a> {
    pipeline: &'a Pipeline,
    running: BTreeMap<&'static str, ServiceProcess>,
}

impl<'a> Replicas<'a> {
    pub(crate) async fn start(pipeline: &'a Pipeline) -> Self {
        let mut replicas = Self {
            pipeline,
            running: BTreeMap::new(),
        };
        replicas.join(FIRST).await;
        replicas
    }

    async fn join(&mut self, name: &'static str) {
        let started = self.pipeline.processor_process(name).await;
        self.running.insert(name, started);
    }

    /// It accounts for every record it took in, pending ones as handed over, and ends well.
    async fn leave(&mut self, name: &str) {
        let leaving = self.running.remove(name).unwrap();
        leaving.stop().await;
    }

    async fn crash(&mut self, name: &str) {
        self.running.remove(name).unwrap().kill().await;
    }

    /// Carries out what befalls them. Webhooks are on their way.
    pub(crate) async fn undergo(&mut self, upheaval: Upheaval) {
        match upheaval {
            Upheaval::None => {}
            Upheaval::Restart => {
                self.leave(FIRST).await;
                self.join(FIRST).await;
            }
            Upheaval::Crash => {
                self.crash(FIRST).await;
                self.join(FIRST).await;
            }
            Upheaval::Join => self.join(SECOND).await,
            Upheaval::Leave => self.leave(SECOND).await,
        }
    }

    /// Before a crash on the embedded broker, which shows what was aborted: nobody gets an answer,
    /// so that no event is in the transaction that the crash cuts off. On Kafka it may come at any
    /// moment. Says whether it has to be undone.
    pub(crate) fn prepare(&self, upheaval: Upheaval) -> bool {
        let has_to = upheaval == Upheaval::Crash && !self.pipeline.broker.is_real();
        if has_to {
            let faults = self.pipeline.simulator.faults();
            faults.clear_all();
            faults.set(FaultRule::always(Fault::Hang)).unwrap();
        }
        has_to
    }

    /// Waits until somebody is being looked up.
    pub(crate) async fn are_busy(&self) {
        let busy = eventually("a lookup is under way", WITHIN, async || {
            let in_flight = "stackone_processor_lookups_in_flight";
            for admin in self.admins() {
                let metrics = Metrics::of(&admin).await;
                let metrics = metrics.map_err(|error| error.to_string())?;
                if metrics.sum(in_flight) > 0.5 {
                    return Ok(());
                }
            }
            Err("none is".to_owned())
        });
        busy.await.unwrap();
    }

    /// Every record that any of them took in has one disposition, or was handed over.
    pub(crate) async fn assert_conserved(&self) {
        for admin in self.admins() {
            assert_conserved(&admin).await;
        }
    }

    pub(crate) async fn stop(mut self) {
        let names: Vec<&str> = self.running.keys().copied().collect();
        for name in names {
            self.leave(name).await;
        }
    }

    fn admins(&self) -> Vec<String> {
        let running = self.running.values();
        running.map(|process| process.admin.clone()).collect()
    }
}
