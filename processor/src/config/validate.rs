//! Rules between settings that their types cannot hold.

use std::collections::HashSet;
use std::time::Duration;

use stackone_link_process::{spans, telemetry};

use super::Settings;

/// StackOne's unified API gives 100 records a page at most, and a URL has to stay below what servers accept.
const MAX_BATCH: usize = 100;

impl Settings {
    /// Everything that is wrong with the settings, one line each.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.kafka.problems();
        problems.extend(
            self.topics
                .problem()
                .map(|problem| format!("topics: {problem}")),
        );
        problems.extend(self.project_problems());
        problems.extend(self.time_problems());
        if self.group.id.is_empty() {
            problems.push("group.id: is empty".to_owned());
        }
        if self.lookups.max_in_flight == 0 {
            problems
                .push("lookups.max_in_flight: is 0, so nothing would ever be looked up".to_owned());
        }
        if !(1..=MAX_BATCH).contains(&self.batch.max_ids) {
            problems.push(format!(
                "batch.max_ids: {} is not between 1 and {MAX_BATCH}",
                self.batch.max_ids
            ));
        }
        if self.topic_layout.partitions < 1 || self.topic_layout.replication < 1 {
            problems.push("topic_layout: partitions and replication must be at least 1".to_owned());
        }
        problems.extend(telemetry::filter_problem(&self.telemetry.filter));
        let collector = self.telemetry.otlp_endpoint.as_deref();
        problems.extend(spans::endpoint_problem(collector));
        problems
    }

    fn time_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let (timeout, markers) = (self.transactions.timeout, self.transactions.marker_interval);
        if !(Duration::from_secs(1)..=Duration::from_secs(60)).contains(&timeout) {
            problems.push(format!(
                "transactions.timeout: {timeout:?} is not between 1 and 60 s"
            ));
        }
        if markers.is_zero() || markers > Duration::from_secs(10) {
            problems.push(format!(
                "transactions.marker_interval: {markers:?} is not more than 0 and at most 10 s"
            ));
        }
        if self.group.session_timeout < Duration::from_secs(1) {
            problems.push(format!(
                "group.session_timeout: {:?} is less than 1 s",
                self.group.session_timeout
            ));
        }
        if self.lookups.timeout.is_zero() {
            problems.push("lookups.timeout: is zero, so every lookup would be late".to_owned());
        }
        problems
    }

    fn project_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.projects.is_empty() {
            problems.push("projects: there is none; give at least one [[projects]]".to_owned());
        }
        let mut ids = HashSet::new();
        for project in &self.projects {
            match &project.id {
                None if self.projects.len() > 1 => {
                    problems.push("projects: with several projects each needs its id".to_owned());
                }
                Some(id) if !ids.insert(id) => {
                    problems.push(format!("projects: {id:?} stands there twice"))
                }
                Some(_) | None => {}
            }
            if !stackone_client::is_acceptable(&project.base_url) {
                problems.push(format!(
                    "projects.{}.base_url: {} must be https; plain http is allowed to loopback only",
                    project.id.as_deref().unwrap_or("default"),
                    project.base_url
                ));
            }
        }
        problems
    }
}
