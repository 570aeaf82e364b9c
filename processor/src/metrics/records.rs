//! Metrics of records, from their consumption to their disposition.

use prometheus::{HistogramVec, IntCounter, IntCounterVec, IntGaugeVec};

use super::maker::Maker;

/// Buckets in seconds, from 50 ms to an hour.
const AGE_BUCKETS: &[f64] = &[
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 150.0, 300.0, 600.0, 1800.0, 3600.0,
];

/// Metrics of records, from their consumption to their disposition.
pub struct RecordMetrics {
    /// Records consumed from the account events topic.
    pub consumed: IntCounter,
    /// Undecided records that were found in restored states.
    pub restored: IntCounter,
    /// Undecided records of partitions that another member took over.
    pub handed_over: IntCounter,
    /// Records by their disposition, counted after the commit.
    pub by_outcome: IntCounterVec,
    /// Emitted events by type, counted after the commit.
    pub events_emitted: IntCounterVec,
    /// Seconds from the reception of a webhook to the commit of its event.
    pub event_age: HistogramVec,
    /// Records between the position and the end of each partition.
    pub lag: IntGaugeVec,
    /// Committed offsets whose records had expired.
    pub offsets_out_of_range: IntCounter,
}

impl RecordMetrics {
    pub(super) fn new(make: &Maker<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            consumed: make.counter("records_consumed_total", "Records consumed from the account events topic")?,
            restored: make
                .counter("records_restored_total", "Undecided records found in restored states")?,
            handed_over: make
                .counter("records_handed_over_total", "Undecided records of partitions another member took over")?,
            by_outcome: make.counters(
                "records_total",
                "Records by what became of them, after the commit",
                &["disposition", "reason"],
            )?,
            events_emitted: make.counters("events_emitted_total", "Events emitted", &["project", "type"])?,
            event_age: make.histograms(
                "event_age_seconds",
                "From the webhook's reception to the commit of the event it caused",
                &["type"],
                AGE_BUCKETS,
            )?,
            lag: make.gauges("consumer_lag_records", "Records behind the end", &["topic", "partition"])?,
            offsets_out_of_range: make.counter(
                "offsets_out_of_range_total",
                "Times the topic no longer held the next record, so that records may have been missed",
            )?,
        })
    }
}
