//! The rules between settings that their types cannot hold.

use std::collections::HashSet;
use std::time::Duration;

use stackone_client_types::check_base_url;
use stackone_link_process::{spans, telemetry};

use super::Settings;
use crate::consumer::{DEFAULT_POLL_INTERVAL, POLL_INTERVAL};
use crate::shell::longest_without_poll;

/// The most accounts in a batch: StackOne's unified API gives at most 100 records a page, and the
/// URL has to stay below what servers accept.
const MAX_BATCH: usize = 100;

impl Settings {
    /// Returns everything that is wrong with the settings, one line each.
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
        problems.extend(self.poll_problem());
        if self.lookups.timeout.is_zero() {
            problems.push("lookups.timeout: is zero, so every lookup would be late".to_owned());
        }
        problems
    }

    /// Checks that the longest time without a poll is within what the client allows. A member that
    /// exceeds that is put out of the group although it works.
    fn poll_problem(&self) -> Option<String> {
        let properties = &self.kafka.properties;
        let interval = properties.get(POLL_INTERVAL).map(String::as_str);
        let interval: u64 = interval.unwrap_or(DEFAULT_POLL_INTERVAL).parse().ok()?;
        let interval = Duration::from_millis(interval);
        let longest =
            longest_without_poll(self.transactions.timeout).max(self.group.session_timeout);
        (interval < longest).then(|| {
            format!(
                "kafka.properties.{POLL_INTERVAL}: {interval:?} is less than the {longest:?} that may pass without a poll, \
                 by transactions.timeout and group.session_timeout"
            )
        })
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
            if let Err(error) = check_base_url(&project.base_url) {
                let id = project.id.as_deref().unwrap_or("default");
                problems.push(format!("projects.{id}.base_url: {error}"));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::config::Config;

    fn settings(transaction: Duration, session: Duration, poll: Option<&str>) -> Settings {
        let environment = HashMap::from([("STACKONE_API_KEY".to_owned(), "key".to_owned())]);
        let mut settings = Config::load(None, &environment).unwrap().settings;
        settings.transactions.timeout = transaction;
        settings.group.session_timeout = session;
        let property = poll.map(|value| (POLL_INTERVAL.to_owned(), value.to_owned()));
        settings.kafka.properties.extend(property);
        settings
    }

    #[test]
    fn the_longest_time_without_a_poll_is_less_than_the_client_allows() {
        let (short, session) = (Duration::from_secs(1), Duration::from_secs(10));
        // The whole range of `transactions.timeout`.
        for seconds in 1..=60 {
            let longest_transaction = Duration::from_secs(seconds);
            assert_eq!(
                settings(longest_transaction, session, None).problems(),
                [""; 0]
            );
        }
        let refused = |settings: Settings| {
            let problems = settings.problems();
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].contains(POLL_INTERVAL), "{problems:?}");
        };
        refused(settings(short, session, Some("100000")));
        assert_eq!(settings(short, session, Some("110000")).problems(), [""; 0]);
        refused(settings(Duration::from_secs(60), session, Some("270000")));
        refused(settings(short, Duration::from_secs(301), None));
    }
}
