//! Turns the core's facts into metrics, log lines and spans.

mod log_limit;
mod logs;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use stackone_link_process::spans::{Kind, Span, Spans};
use stackone_link_schemas::AccountLifecycleEvent;
use stackone_link_wire::{Topic, TraceContext};
use stackone_processor_core::processor::{Disposition, Fact, LookupOutcome, Observer};
use stackone_processor_core::settings;
use stackone_processor_core::time::Monotonic;
use stackone_processor_core::work::AccountKey;
use stackone_processor_core::work::queue::Lane;

use self::log_limit::LogLimit;
use super::Context;
use crate::clock;
use crate::metrics::Metrics;
use crate::projects::ProjectClients;

/// Writes metrics, log lines and spans.
pub(super) struct Observed {
    metrics: Arc<Metrics>,
    projects: Arc<ProjectClients>,
    spans: Spans,
    is_restored: Arc<std::sync::atomic::AtomicBool>,
    all_refused: Arc<std::sync::atomic::AtomicBool>,
    events_topic: String,
    dead_letter_topic: String,
    log_limit: LogLimit,
}

impl Observed {
    pub(super) fn new(context: &Context, settings: &settings::DecisionSettings) -> Self {
        Self {
            metrics: Arc::clone(&context.metrics),
            projects: Arc::clone(&context.projects),
            spans: context.spans.clone(),
            is_restored: Arc::clone(&context.is_restored),
            all_refused: Arc::clone(&context.all_refused),
            events_topic: settings.topics.name(Topic::AccountEvents).to_owned(),
            dead_letter_topic: settings.topics.name(Topic::DeadLetter).to_owned(),
            log_limit: LogLimit::default(),
        }
    }
}

impl Observer for Observed {
    fn note(&mut self, fact: Fact<'_>) {
        self.log(&fact);
        self.count(fact);
    }
}

impl Observed {
    fn count(&self, fact: Fact<'_>) {
        let metrics = &self.metrics;
        match fact {
            Fact::Consumed => metrics.records.consumed.inc(),
            Fact::Restored(records) => metrics.records.restored.inc_by(records),
            Fact::HandedOver(records) => metrics.records.handed_over.inc_by(records),
            Fact::Disposed { disposition, total } => self.disposed(disposition, total),
            Fact::Emitted { lane, event } => self.emitted(lane, event),
            Fact::Decided {
                key,
                lane,
                trace,
                sent,
                outcome,
            } => self.decided((key, lane), trace, sent, outcome),
            Fact::Probed {
                lane,
                is_refused,
                all_refused,
            } => self.probed(lane, is_refused, all_refused),
            Fact::GivenUp(partitions) => self.forget_lag(partitions),
            Fact::Ready(is_ready) => self.is_restored.store(is_ready, Ordering::Release),
            Fact::PartitionRestored { took, .. } => {
                metrics.restore_duration.observe(took.as_secs_f64());
            }
            Fact::OutOfRange { .. } => metrics.records.offsets_out_of_range.inc(),
            Fact::Lag { partition, records } => {
                let lag = &metrics.records.lag;
                let partition = partition.to_string();
                lag.with_label_values(&[&self.events_topic, &partition])
                    .set(records);
            }
            Fact::IntakePaused { is_paused, .. } => {
                metrics.partitions.intake_paused.set(i64::from(is_paused));
            }
            Fact::Transacted { outcome, took } => self.transacted(outcome, took),
            Fact::ResyncDifference { lane, kind } => {
                let differences = &metrics.resync.differences;
                differences
                    .with_label_values(&[self.projects.label(lane), kind])
                    .inc();
            }
            Fact::ResyncComplete { lane, at } => self.listed(lane, at),
            Fact::PutAside { .. }
            | Fact::AccountPutAside { .. }
            | Fact::LookupFailed { .. }
            | Fact::BatchFailed { .. }
            | Fact::BatchLimited { .. }
            | Fact::RateLimited { .. }
            | Fact::KeyRefused { .. }
            | Fact::BreakerOpened { .. }
            | Fact::BreakerClosed { .. }
            | Fact::Assigned(_)
            | Fact::HandingOver(_)
            | Fact::Stopping { .. }
            | Fact::UnknownProject(_)
            | Fact::Aborted(_)
            | Fact::DeadLettersRefused { .. }
            | Fact::ResyncDoubtful { .. }
            | Fact::UnlinksHeld { .. } => {}
        }
    }

    fn probed(&self, lane: Lane, is_refused: bool, all_refused: bool) {
        let halted = &self.metrics.waiting.halted;
        let halted = halted.with_label_values(&[self.projects.label(lane), "refused"]);
        halted.set(i64::from(is_refused));
        self.all_refused.store(all_refused, Ordering::Release);
    }

    /// Keeps the later date: a list that is consumed again after lost offsets does not set it back.
    fn listed(&self, lane: Lane, at: Timestamp) {
        let last = &self.metrics.resync.last_success;
        let last = last.with_label_values(&[self.projects.label(lane)]);
        last.set(last.get().max(at.as_second()));
    }

    /// Counts one of the triggers with the disposition, and the others as merged.
    fn disposed(&self, disposition: &Disposition, total: u64) {
        let metrics = &self.metrics;
        let named = match disposition {
            Disposition::Emitted => {
                metrics.disposed("emitted", "", total.min(1));
                1
            }
            Disposition::Skipped(reason) => {
                metrics.disposed("skipped", reason, total.min(1));
                1
            }
            Disposition::DeadLettered {
                reason, records, ..
            } => {
                metrics.disposed("dead_lettered", reason.as_str(), *records);
                *records
            }
        };
        metrics.disposed("merged", "", total.saturating_sub(named));
    }

    fn emitted(&self, lane: Lane, event: &AccountLifecycleEvent) {
        let event_type = event.event_type.as_str();
        let project = self.projects.label(lane);
        let emitted = &self.metrics.records.events_emitted;
        emitted.with_label_values(&[project, event_type]).inc();
        let causes = event.caused_by.iter();
        if let Some(received) = causes.filter_map(|cause| cause.received_at).min() {
            let age = Timestamp::now().duration_since(received).as_secs_f64();
            let ages = self
                .metrics
                .records
                .event_age
                .with_label_values(&[event_type]);
            ages.observe(age.max(0.0));
        }
    }

    fn transacted(&self, outcome: &str, took: Duration) {
        let metrics = &self.metrics;
        metrics.commits.duration.observe(took.as_secs_f64());
        metrics
            .commits
            .transactions
            .with_label_values(&[outcome])
            .inc();
        if outcome == "committed" {
            metrics.commits.last.set(Timestamp::now().as_second());
        }
    }

    /// Removes the lag of partitions that were given up.
    fn forget_lag(&self, partitions: &[i32]) {
        for partition in partitions {
            let partition = partition.to_string();
            // A partition that was never observed has none.
            let lag = &self.metrics.records.lag;
            drop(lag.remove_label_values(&[&self.events_topic, &partition]));
        }
    }

    /// Writes the span of a lookup whose decision is committed.
    fn decided(
        &self,
        (key, lane): (&AccountKey, Lane),
        trace: TraceContext,
        sent: Monotonic,
        outcome: LookupOutcome<'_>,
    ) {
        if !trace.is_sampled() {
            return;
        }
        let (disposition, more) = match outcome {
            LookupOutcome::Emitted(event) => ("emitted", Some(("stackone.event", event))),
            LookupOutcome::Skipped(reason) => ("skipped", Some(("stackone.reason", reason))),
            LookupOutcome::Recheck => ("recheck", None),
        };
        let attributes = [
            ("stackone.account", key.id.as_str()),
            ("stackone.project", self.projects.label(lane)),
            ("stackone.disposition", disposition),
        ];
        let attributes = attributes.into_iter().chain(more);
        self.spans.finished(|| {
            let (trace_id, span_id, parent_id) = trace.ids();
            let ended = SystemTime::now();
            let took = clock::monotonic() - sent;
            Span {
                trace_id,
                span_id,
                parent_id,
                kind: Kind::Consumer,
                name: "reconcile account",
                started: ended.checked_sub(took).unwrap_or(ended),
                ended,
                attributes: attributes
                    .map(|(key, value)| (key, value.to_owned()))
                    .collect(),
                failed: false,
            }
        });
    }
}
