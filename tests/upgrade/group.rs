//! The members of the group, and how another revision takes their places.

use std::collections::BTreeMap;

use harness::{Metrics, Pipeline, ServiceProcess, WITHIN, eventually, metric_is};

use crate::load::Load;
use crate::version::Version;

/// Changes, of which there are 25 a second, while members of two revisions share the partitions.
const TOGETHER: u64 = 100;
const READY: &str = "stackone_processor_partitions{state=\"ready\"}";
const COMMITTED: &str = "stackone_processor_transactions_total{outcome=\"committed\"}";

pub(crate) struct Group<'a> {
    pipeline: &'a Pipeline,
    members: BTreeMap<&'static str, ServiceProcess>,
}

impl<'a> Group<'a> {
    /// Two members of one revision, both at work.
    pub(crate) async fn of(pipeline: &'a Pipeline, version: &Version) -> Self {
        let mut group = Self {
            pipeline,
            members: BTreeMap::new(),
        };
        for name in ["a", "b"] {
            let member = version.start(pipeline, name).await;
            group.members.insert(name, member);
        }
        for name in ["a", "b"] {
            group.is_at_work(name).await;
        }
        group
    }

    /// One more comes, and while it is there each of the two is replaced under its name.
    pub(crate) async fn is_replaced_by(&mut self, version: &Version, load: &Load) {
        self.joins(version, "c").await;
        load.more(TOGETHER).await;
        self.leaves("a").await;
        self.joins(version, "a").await;
        load.more(TOGETHER).await;
        self.oversleeps("b").await;
        load.more(TOGETHER).await;
        self.leaves("b").await;
        self.joins(version, "b").await;
        load.more(TOGETHER).await;
        self.leaves("c").await;
    }

    pub(crate) async fn ends(mut self) {
        for name in ["a", "b"] {
            self.leaves(name).await;
        }
    }

    async fn joins(&mut self, version: &Version, name: &'static str) {
        let member = version.start(self.pipeline, name).await;
        self.members.insert(name, member);
        self.is_at_work(name).await;
    }

    /// SIGTERM, after which it must end well.
    async fn leaves(&mut self, name: &str) {
        let member = self.members.remove(name).unwrap();
        member.stop().await;
    }

    /// It sleeps until the others have its partitions, maybe in a transaction, and comes back.
    async fn oversleeps(&self, name: &str) {
        let sleeper = &self.members[name];
        sleeper.signal("STOP").await;
        let taken_over = eventually("the others have its partitions", WITHIN, async || {
            self.share(|other| other != name).await
        });
        taken_over.await.unwrap();
        sleeper.signal("CONT").await;
        let shared = eventually("it has partitions again", WITHIN, async || {
            self.share(|_| true).await
        });
        shared.await.unwrap();
        self.is_at_work(name).await;
    }

    /// Whether these members, and each of them, process all partitions; else how many they do.
    async fn share(&self, is_meant: impl Fn(&str) -> bool) -> Result<(), String> {
        let mut shares = BTreeMap::new();
        for (name, member) in self.members.iter().filter(|(name, _)| is_meant(name)) {
            let metrics = Metrics::of(&member.admin).await;
            let metrics = metrics.map_err(|error| error.to_string())?;
            shares.insert(name, metrics.get(READY));
        }
        let all = f64::from(self.pipeline.settings.topic_layout.partitions);
        let is_so = shares.values().sum::<f64>() == all && !shares.values().any(|own| *own == 0.0);
        is_so.then_some(()).ok_or(format!("{shares:?}"))
    }

    /// Waits until it processes partitions, and has committed something.
    async fn is_at_work(&self, name: &str) {
        let admin = &self.members[name].admin;
        for metric in [READY, COMMITTED] {
            let is_so = metric_is(admin, metric, |found| found > 0.0).await;
            is_so
                .map_err(|overdue| format!("{name}: {overdue}"))
                .unwrap();
        }
    }
}
