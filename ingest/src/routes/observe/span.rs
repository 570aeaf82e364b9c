//! The span of a webhook.

use std::time::SystemTime;

use stackone_link_process::spans::{Kind, Span};
use stackone_link_wire::TraceContext;

use super::Observation;

/// Tells what became of a webhook, under the ids that its record has. Nobody gets a span who did not sign: strangers could
/// fill the collector.
pub(super) fn finished(observation: &Observation, trace: Option<TraceContext>) {
    let is_told = observation.outcome.is_authentic();
    let Some(trace) = trace.filter(|trace| is_told && trace.is_sampled()) else {
        return;
    };
    observation
        .ingest
        .spans
        .finished(|| span(observation, trace));
}

fn span(observation: &Observation, trace: TraceContext) -> Span {
    let (outcome, ended) = (observation.outcome, SystemTime::now());
    let (trace_id, span_id, parent_id) = trace.ids();
    let source = observation.source.as_deref();
    let project = source.and_then(|source| source.project_id());
    let attributes = [
        ("stackone.outcome", Some(outcome.reason())),
        ("stackone.source", source.map(|source| source.name())),
        ("stackone.project", project),
    ];
    Span {
        trace_id,
        span_id,
        parent_id,
        kind: Kind::Server,
        name: "webhook",
        started: ended
            .checked_sub(observation.started.elapsed())
            .unwrap_or(ended),
        ended,
        attributes: attributes
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?.to_owned())))
            .collect(),
        failed: outcome.status().is_server_error(),
    }
}
