//! Counts, times and logs a request once, whatever became of it, and tells its span.

use std::sync::Arc;
use std::thread::panicking;
use std::time::{Instant, SystemTime};

use actix_web::web::Data;
use stackone_link_process::spans::{Kind, Span};
use stackone_link_wire::TraceContext;

use crate::answer::outcome::Outcome;
use crate::auth::source::Source;
use crate::ingest::Ingest;

/// What is being observed. Dropped without an answer, the client has gone.
pub(super) struct Observation {
    ingest: Data<Ingest>,
    source: Option<Arc<Source>>,
    started: Instant,
    outcome: Outcome,
}

impl Drop for Observation {
    fn drop(&mut self) {
        let metrics = &self.ingest.metrics.webhooks;
        // A handler that panics takes its observation with it: it is we who have gone.
        let outcome = if panicking() {
            Outcome::InternalError
        } else {
            self.outcome
        };
        metrics.answered(self.source_name(), outcome, self.started.elapsed());
    }
}

impl Observation {
    /// Begins to time a request to this source.
    pub(super) fn begin(ingest: Data<Ingest>, source: Option<Arc<Source>>) -> Self {
        Self {
            ingest,
            source,
            started: Instant::now(),
            outcome: Outcome::ClientGone,
        }
    }

    /// Ends it as an internal error: no handler answered, although the client waits.
    pub(super) fn failed(mut self) {
        self.outcome = Outcome::InternalError;
    }

    /// It was answered. `cause` is asked for where it is logged: what Kafka said, in one line.
    pub(super) fn answered(
        mut self,
        outcome: Outcome,
        trace: Option<TraceContext>,
        cause: impl FnOnce() -> Option<String>,
    ) {
        self.outcome = outcome;
        self.log(trace, cause);
        // Nobody gets a span who did not sign: strangers could fill the collector.
        let trace = trace.filter(|trace| outcome.is_authentic() && trace.is_sampled());
        if let Some(trace) = trace {
            self.ingest.spans.finished(|| self.span(trace));
        }
    }

    fn source_name(&self) -> Option<&str> {
        self.source.as_deref().map(Source::name)
    }

    /// One line for each refusal, as far as the limit allows: what the client did at info, since
    /// whoever sets up a webhook looks here first, and what we could not do at error.
    fn log(&self, trace: Option<TraceContext>, cause: impl FnOnce() -> Option<String>) {
        let source = self.source_name().unwrap_or("unknown");
        let (reason, status) = (self.outcome.reason(), self.outcome.status());
        let trace_id = || trace.map(|trace| trace.trace_id());
        if status.is_success() {
            tracing::debug!(source, reason, trace_id = trace_id(), "webhook accepted");
            return;
        }
        let limit = &self.ingest.log_limit;
        let Some(suppressed) = limit.allow(self.outcome, Instant::now()) else {
            return;
        };
        let (code, trace_id) = (status.as_u16(), trace_id());
        if status.is_server_error() {
            tracing::error!(
                source,
                reason,
                status = code,
                cause = cause(),
                trace_id,
                suppressed,
                "webhook refused"
            );
        } else {
            tracing::info!(
                source,
                reason,
                status = code,
                trace_id,
                suppressed,
                "webhook refused"
            );
        }
    }

    /// What became of a webhook, under the ids that its record has.
    fn span(&self, trace: TraceContext) -> Span {
        let ended = SystemTime::now();
        let (trace_id, span_id, parent_id) = trace.ids();
        let project = self.source.as_deref().and_then(Source::project_id);
        let attributes = [
            ("stackone.outcome", Some(self.outcome.reason())),
            ("stackone.source", self.source_name()),
            ("stackone.project", project),
        ];
        Span {
            trace_id,
            span_id,
            parent_id,
            kind: Kind::Server,
            name: "webhook",
            started: ended.checked_sub(self.started.elapsed()).unwrap_or(ended),
            ended,
            attributes: attributes
                .into_iter()
                .filter_map(|(key, value)| Some((key, value?.to_owned())))
                .collect(),
            failed: self.outcome.status().is_server_error(),
        }
    }
}
