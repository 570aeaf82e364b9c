//! Rules between settings that their types cannot hold.

use std::collections::HashSet;
use std::time::Duration;

use stackone_link_process::{spans, telemetry};
use stackone_link_schemas::webhook::is_project_id;

use super::settings::{Settings, SourceSettings};

/// How much sooner than `ack_deadline` the Kafka client gives up; see `Publisher::new`.
const ACK_MARGIN: Duration = Duration::from_millis(500);
/// `message.max.bytes` of librdkafka where it is not set.
const MESSAGE_MAX_BYTES: usize = 1_000_000;
/// What key, headers and framing of a record may take: every text taken from a body is bounded, see
/// `stackone_link_schemas::webhook`.
const RECORD_OVERHEAD: usize = 16 * 1024;

/// Whether a name may be part of a path and a label of a metric.
fn is_name(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=128).contains(&text.len()) && text.bytes().all(legal)
}

impl Settings {
    /// Names everything that is wrong with the settings, one line each; empty where nothing is.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.kafka.problems();
        problems.extend(
            self.topics
                .problem()
                .map(|problem| format!("topics: {problem}")),
        );
        problems.extend(self.size_problems());
        problems.extend(self.time_problems());
        problems.extend(self.linger_problems());
        problems.extend(self.server.listener(&self.shutdown).problems());
        let (all, per_peer) = (
            self.server.max_connections,
            self.server.max_connections_per_peer,
        );
        if per_peer == 0 || per_peer > all {
            problems.push(format!(
                "server.max_connections_per_peer: {per_peer} is not 1 to server.max_connections ({all})"
            ));
        }
        problems.extend(source_problems(&self.sources));
        if self.server.listen == self.admin.listen && self.server.listen.port() != 0 {
            problems.push(format!(
                "admin.listen: {} is also server.listen",
                self.admin.listen
            ));
        }
        problems.extend(telemetry::filter_problem(&self.telemetry.filter));
        let collector = self.telemetry.otlp_endpoint.as_deref();
        problems.extend(spans::endpoint_problem(collector));
        problems
    }

    /// How large the record of the largest webhook may be, in bytes.
    pub(crate) fn largest_record(&self) -> usize {
        self.limits.max_body_bytes.saturating_add(RECORD_OVERHEAD)
    }

    fn size_problems(&self) -> Vec<String> {
        let limits = &self.limits;
        let mut problems = Vec::new();
        let configured = self.kafka.properties.get("message.max.bytes");
        let kafka = configured.map_or(Some(MESSAGE_MAX_BYTES), |text| text.parse().ok());
        let needed = self.largest_record();
        if let Some(kafka) = kafka.filter(|kafka| needed > *kafka) {
            problems.push(format!(
                "limits.max_body_bytes: {} and {RECORD_OVERHEAD} for headers exceed kafka.properties \"message.max.bytes\" \
                 ({kafka}); lower it, or raise that and max.message.bytes of broker and topics",
                limits.max_body_bytes
            ));
        }
        if limits.max_body_bytes == 0 {
            let problem = "limits.max_body_bytes: is zero, so every webhook would be too large";
            problems.push(problem.to_owned());
        }
        let (before, after) = (limits.before_authentication, limits.after_authentication);
        for (key, before, after, least) in [
            ("requests", before.requests, after.requests, 1),
            (
                "body_bytes",
                before.body_bytes,
                after.body_bytes,
                limits.max_body_bytes.max(1),
            ),
        ] {
            if before < least {
                problems.push(format!(
                    "limits.before_authentication.{key}: {before} is less than {least}"
                ));
            }
            if before > after {
                problems.push(format!(
                    "limits.before_authentication.{key}: {before} exceeds {after} of limits.after_authentication"
                ));
            }
        }
        problems
    }

    fn linger_problems(&self) -> Vec<String> {
        let properties = &self.kafka.properties;
        let mut problems: Vec<_> = ["linger.ms", "queue.buffering.max.ms"]
            .into_iter()
            .filter(|name| properties.contains_key(*name))
            .map(|name| format!("kafka.properties: {name} cannot be set: set publish.linger"))
            .collect();
        let (linger, ack) = (self.publish.linger, self.publish.ack_deadline);
        if !linger.is_zero() && linger.saturating_add(ACK_MARGIN) >= ack {
            problems.push(format!(
                "publish.linger: {linger:?} is not less than publish.ack_deadline ({ack:?}) less {ACK_MARGIN:?}"
            ));
        }
        problems
    }

    fn time_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let (ack, stop) = (self.publish.ack_deadline, self.shutdown.deadline);
        if ack <= ACK_MARGIN {
            problems.push(format!(
                "publish.ack_deadline: {ack:?} is not more than {ACK_MARGIN:?}"
            ));
        }
        let stall = self.publish.stall_after;
        if stall < ack {
            problems.push(format!(
                "publish.stall_after: {stall:?} is less than publish.ack_deadline ({ack:?}), so one slow answer would \
                 cut off all that wait"
            ));
        }
        let body = self.server.body_deadline;
        if stop < body.saturating_add(ack) || stop.subsec_nanos() != 0 {
            problems.push(format!(
                "shutdown.deadline: {stop:?} is not a number of whole seconds of at least server.body_deadline ({body:?}) \
                 and publish.ack_deadline ({ack:?}) together, which a request that has just begun may need"
            ));
        }
        for (key, deadline) in [
            ("header_deadline", self.server.header_deadline),
            ("body_deadline", self.server.body_deadline),
            ("tls_handshake_deadline", self.server.tls_handshake_deadline),
        ] {
            if deadline.is_zero() {
                problems.push(format!(
                    "server.{key}: is zero, so every request would be late"
                ));
            }
        }
        problems
    }
}

pub(super) fn source_problems(sources: &[SourceSettings]) -> Vec<String> {
    let mut problems = Vec::new();
    if sources.is_empty() {
        problems.push("sources: there is none; give at least one [[sources]]".to_owned());
    }
    let mut names = HashSet::new();
    for source in sources {
        let name = &source.name;
        if !names.insert(name) {
            problems.push(format!("sources: {name:?} stands there twice"));
        }
        if name == "unknown" {
            problems.push(format!(
                "sources: name {name:?} is the label of requests to no source; give another"
            ));
        }
        if !is_name(name) {
            problems.push(format!(
                "sources: name {name:?} is not 1 to 128 characters of [A-Za-z0-9_-]"
            ));
        }
        match &source.project_id {
            Some(project) if !is_project_id(project) => problems.push(format!(
                "sources.{name}.project_id: {project:?} is not 1 to 128 characters of [A-Za-z0-9._-]"
            )),
            None if sources.len() > 1 => problems.push(format!(
                "sources.{name}.project_id: is absent; with several sources each needs the project it may speak for"
            )),
            Some(_) | None => {}
        }
        problems.extend(secret_problems(source));
    }
    problems
}

fn secret_problems(source: &SourceSettings) -> Vec<String> {
    let key = format!("sources.{}.secrets", source.name);
    let mut problems = Vec::new();
    if source.secrets.is_empty() {
        problems.push(format!(
            "{key}: there is none; nothing could be authenticated"
        ));
    }
    let mut names = HashSet::new();
    for secret in &source.secrets {
        if !names.insert(&secret.name) {
            problems.push(format!("{key}: {:?} stands there twice", secret.name));
        }
        if !is_name(&secret.name) {
            problems.push(format!(
                "{key}: name {:?} is not 1 to 128 characters of [A-Za-z0-9_-]",
                secret.name
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests;
