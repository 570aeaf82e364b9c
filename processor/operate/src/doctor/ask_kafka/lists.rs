//! Observes when projects were listed.

use std::sync::Arc;

use jiff::Timestamp;
use stackone_link_process::spawn::spawn_blocking;
use stackone_processor::application::projects;
use stackone_processor::config::Config;
use stackone_processor::resync::markers::Markers;
use stackone_processor_core::resync::Found;
use stackone_processor_core::resync::schedule::Schedule;

use super::Cluster;
use crate::doctor::judge::name_of;
use crate::doctor::seen::ResyncSeen;
use crate::tasks;

/// How many intervals back lists are searched.
const LOOKED_BACK: u32 = 12;

impl Cluster {
    /// Returns when each project was listed.
    pub(in crate::doctor) async fn lists(&self, config: &Config) -> Vec<(String, ResyncSeen)> {
        let names = config
            .settings
            .projects
            .iter()
            .map(|project| name_of(project).to_owned());
        let names: Vec<_> = names.collect();
        let found = self.markers(config).await;
        let of = |lane: usize| ResyncSeen {
            history: found
                .of_projects
                .get(lane)
                .map(|one| one.history)
                .unwrap_or_default(),
            is_known: found.is_known,
        };
        names
            .into_iter()
            .enumerate()
            .map(|(lane, name)| (name, of(lane)))
            .collect()
    }

    async fn markers(&self, config: &Config) -> Found {
        let unknown = || Found {
            of_projects: Vec::new(),
            is_known: false,
        };
        let Ok(projects) = projects(config) else {
            return unknown();
        };
        let markers = Markers {
            kafka: self.settings.kafka.clone(),
            group: self.settings.group.id.clone(),
            topic: self.settings.topics.account_events.clone(),
            committed: i64::MAX,
            projects: Arc::new(projects),
            // Looks back far enough to say when the last list was, where it is overdue.
            schedule: Schedule::every(self.settings.resync.interval.saturating_mul(LOOKED_BACK)),
        };
        let read = move || markers.read(Timestamp::now(), &|| false);
        spawn_blocking(tasks::DOCTOR, read)
            .await
            .unwrap_or_else(|_died| unknown())
    }
}
