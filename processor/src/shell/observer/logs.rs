//! What is logged of what the core does.

use std::time::{Duration, Instant};

use stackone_link_process::log_limit::Throttled;
use stackone_processor_core::api_gate::batch::LIMITED_FOR;
use stackone_processor_core::offsets::open_records::Open;
use stackone_processor_core::processor::{Fact, LookupOutcome};
use stackone_processor_core::reconcile::SkipReason;

use super::Observed;

/// Why the triggers of an account that never showed itself are skipped.
const VANISHED: &str = SkipReason::Vanished.as_str();
/// Lines at once of what leads to no event, for each reason.
const BURST: u32 = 5;
/// One more of a reason each so often: 10 in any minute.
const REFILL: Duration = Duration::from_secs(12);

/// Says of dead letters and of accounts that never showed themselves, 10 times a minute for each reason.
pub(super) struct LogLimit(Throttled<String>);

impl Default for LogLimit {
    fn default() -> Self {
        Self(Throttled::new(BURST, REFILL))
    }
}

impl LogLimit {
    /// How many lines of the reason were left out since the last one; none where this one is left out, too.
    fn left_out(&self, reason: &str) -> Option<u64> {
        self.0.allow(reason.to_owned(), Instant::now())
    }

    fn log_without_event(&self, fact: &Fact<'_>) {
        if let Fact::PutAside {
            partition,
            offset,
            reason,
            detail,
        } = fact
        {
            if let Some(left_out) = self.left_out(reason.as_str()) {
                tracing::warn!(partition, offset, %reason, detail, left_out, "record is put aside");
            }
        } else if let Fact::AccountPutAside {
            key,
            reason,
            records,
            detail,
        } = fact
        {
            if let Some(left_out) = self.left_out(reason.as_str()) {
                let (account, partition) = (&key.id, key.partition);
                tracing::warn!(
                    %account, partition, %reason, records, detail, left_out,
                    "the account's records are put aside"
                );
            }
        } else if let Fact::Decided {
            key,
            outcome: LookupOutcome::Skipped(reason @ VANISHED),
            ..
        } = fact
            && let Some(left_out) = self.left_out(reason)
        {
            tracing::info!(
                account = %key.id, left_out,
                "the account never showed itself in the accounts API: its webhooks lead to no event"
            );
        }
    }
}

impl Observed {
    pub(super) fn log(&self, fact: &Fact<'_>) {
        match fact {
            Fact::Emitted { .. } | Fact::UnknownProject(_) => log_account(fact),
            Fact::PutAside { .. } | Fact::AccountPutAside { .. } | Fact::Decided { .. } => {
                self.log_limit.log_without_event(fact);
            }
            Fact::LookupFailed { .. }
            | Fact::BatchFailed { .. }
            | Fact::BatchLimited { .. }
            | Fact::RateLimited { .. }
            | Fact::KeyRefused { .. }
            | Fact::BreakerOpened { .. }
            | Fact::BreakerClosed { .. } => self.log_api(fact),
            Fact::Assigned(_)
            | Fact::HandingOver(_)
            | Fact::Stopping { .. }
            | Fact::PartitionRestored { .. }
            | Fact::OutOfRange { .. }
            | Fact::IntakePaused { .. } => log_partitions(fact),
            Fact::Aborted(_) | Fact::DeadLettersRefused { .. } => self.log_commit(fact),
            Fact::ResyncDoubtful { .. } | Fact::UnlinksHeld { .. } => self.log_doubt(fact),
            Fact::Consumed
            | Fact::Restored(_)
            | Fact::HandedOver(_)
            | Fact::Disposed { .. }
            | Fact::Probed { .. }
            | Fact::GivenUp(_)
            | Fact::Ready(_)
            | Fact::Lag { .. }
            | Fact::Transacted { .. }
            | Fact::ResyncDifference { .. }
            | Fact::ResyncComplete { .. } => {}
        }
    }

    fn log_api(&self, fact: &Fact<'_>) {
        let project = |lane: &usize| self.projects.label(*lane).to_owned();
        if let Fact::LookupFailed { key, error } = fact {
            tracing::debug!(account = %key.id, %error, "lookup told nothing");
        } else if let Fact::BatchFailed {
            lane,
            accounts,
            error,
        } = fact
        {
            tracing::debug!(project = project(lane), accounts, %error, "batch lookup told nothing");
        } else if let Fact::BatchLimited {
            lane,
            most,
            anomaly,
        } = fact
        {
            let (project, limited_for) = (project(lane), LIMITED_FOR);
            tracing::warn!(
                project,
                most,
                ?limited_for,
                "fewer accounts are asked for at once: {anomaly}"
            );
        } else if let Fact::RateLimited { lane, retry_after } = fact {
            tracing::warn!(project = project(lane), ?retry_after, "rate limited");
        } else if let Fact::KeyRefused { lane, status } = fact {
            tracing::error!(
                project = project(lane),
                status,
                "API key refused; its accounts stay pending until a probe is accepted"
            );
        } else if let Fact::BreakerOpened {
            lane,
            failed,
            of,
            error,
        } = fact
        {
            tracing::error!(
                project = project(lane),
                failed,
                of,
                %error,
                "the accounts API is unavailable: its accounts stay pending, and one lookup at a time tries it. Look at \
                 StackOne's status, at base_url, and at the way out of this network"
            );
        } else if let Fact::BreakerClosed { lane, after, ready } = fact {
            let (project, seconds, accounts) = (project(lane), after.as_secs(), ready);
            tracing::info!(project, seconds, accounts, "the accounts API answers again");
        }
    }

    fn log_commit(&self, fact: &Fact<'_>) {
        if let Fact::Aborted(error) = fact {
            tracing::warn!(%error, "transaction aborted; what is still owned is tried again");
        } else if let Fact::DeadLettersRefused { held, error } = fact {
            let (topic, letters) = (&self.dead_letter_topic, held);
            tracing::error!(
                topic,
                letters,
                %error,
                "dead letters cannot be written; they are tried again, and everything else goes on. See that the topic \
                 exists, may be written, and takes records as large as `stackone-processor topics plan` says"
            );
        }
    }

    fn log_doubt(&self, fact: &Fact<'_>) {
        if let Fact::ResyncDoubtful {
            lane,
            partition,
            missing,
            allowed,
            looked_up,
        } = fact
        {
            tracing::warn!(
                project = self.projects.label(*lane),
                partition,
                missing,
                allowed,
                looked_up,
                "a resync did not list more accounts than can be believed to be gone: they are looked up one after the \
                 other. Check the project's API key and base_url"
            );
        } else if let Fact::UnlinksHeld {
            lane,
            holds,
            vanished,
            allowed,
        } = fact
        {
            let project = self.projects.label(*lane);
            if *holds {
                tracing::error!(
                    project,
                    vanished,
                    allowed,
                    "too many accounts answer 404 without a deleted webhook, so none is unlinked. Check the project's API \
                     key and base_url; if the accounts are gone: stackone-processor unlinks release"
                );
            } else {
                tracing::info!(project, "unlinks are no longer held");
            }
        }
    }
}

fn log_account(fact: &Fact<'_>) {
    if let Fact::Emitted { event, .. } = fact {
        let event_type = event.event_type.as_str();
        tracing::info!(account = %event.account_id, version = event.version, event_type, "emitted");
    } else if let Fact::UnknownProject(key) = fact {
        tracing::error!(
            account = %key.id,
            "no API key is configured for the project of a pending account"
        );
    }
}

fn log_partitions(fact: &Fact<'_>) {
    if let Fact::Assigned(partitions) = fact {
        tracing::info!(?partitions, "partitions assigned");
    } else if let Fact::HandingOver(partitions) = fact {
        tracing::info!(?partitions, "partitions are handed over");
    } else if let Fact::Stopping { accounts } = fact {
        tracing::info!(
            accounts,
            "stopping: committing what is finished, writing what is pending"
        );
    } else if let Fact::PartitionRestored {
        partition,
        accounts,
        next,
        took,
    } = fact
    {
        tracing::info!(partition, accounts, ?took, next, "partition restored");
    } else if let Fact::OutOfRange {
        partition,
        expected,
        next,
        is_listed,
    } = fact
    {
        let what_now = if *is_listed {
            "a resync begins"
        } else {
            "run a resync"
        };
        tracing::error!(
            partition,
            expected,
            next,
            "the topic no longer holds the next record; going on from the earliest one. Webhooks may have been missed: \
             {what_now}"
        );
    } else if let Fact::IntakePaused {
        is_paused,
        open: Open { records, bytes },
        dead_letters_held,
    } = fact
    {
        if *is_paused {
            tracing::error!(
                records,
                bytes,
                dead_letters_held,
                "too many records are neither decided nor written down, so none is read until half of them are. See why \
                 transactions abort"
            );
        } else {
            tracing::info!(records, bytes, "records are read again");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use stackone_link_schemas::{AccountId, DeadLetterReason};
    use stackone_link_wire::TraceContext;
    use stackone_processor_core::time::Monotonic;
    use stackone_processor_core::work::AccountKey;

    use super::*;

    /// What is logged of the facts.
    fn logged<'a>(facts: impl Iterator<Item = Fact<'a>>) -> String {
        static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());
        struct Log;
        impl io::Write for Log {
            fn write(&mut self, line: &[u8]) -> io::Result<usize> {
                LOG.lock().unwrap().write(line)
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let limit = LogLimit::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(|| Log)
            .with_ansi(false);
        tracing::subscriber::with_default(subscriber.finish(), || {
            facts.for_each(|fact| limit.log_without_event(&fact));
        });
        String::from_utf8(std::mem::take(&mut *LOG.lock().unwrap())).unwrap()
    }

    #[test]
    fn each_dead_letter_and_vanished_account_is_named_ten_times_a_minute_for_each_reason() {
        let id = AccountId::try_from("acc-1").unwrap();
        let key = AccountKey { partition: 3, id };
        let malformed = DeadLetterReason::MalformedEvent;
        let rejected = DeadLetterReason::LookupRejected;
        let facts = (0..1_000).flat_map(|offset| {
            [
                Fact::PutAside {
                    partition: 3,
                    offset,
                    reason: &malformed,
                    detail: "no JSON",
                },
                Fact::AccountPutAside {
                    key: &key,
                    reason: &rejected,
                    records: 2,
                    detail: "status 422",
                },
                Fact::Decided {
                    key: &key,
                    lane: 0,
                    trace: TraceContext::started(1, 1),
                    sent: Monotonic::START,
                    outcome: LookupOutcome::Skipped(VANISHED),
                },
                Fact::Decided {
                    key: &key,
                    lane: 0,
                    trace: TraceContext::started(1, 1),
                    sent: Monotonic::START,
                    outcome: LookupOutcome::Skipped("unchanged"),
                },
            ]
        });
        let log = logged(facts);
        let lines = |text: &str| log.lines().filter(|line| line.contains(text)).count();
        assert_eq!(log.lines().count(), 15, "{log}");
        assert_eq!(
            lines("offset=4 reason=malformed_event detail=\"no JSON\" left_out=0"),
            1
        );
        assert_eq!(
            lines(
                "account=acc-1 partition=3 reason=lookup_rejected records=2 detail=\"status 422\""
            ),
            5
        );
        assert_eq!(lines("never showed itself in the accounts API"), 5);
    }

    #[test]
    fn a_minute_has_ten_lines_of_a_reason_and_they_say_how_many_are_missing() {
        let (limit, start) = (LogLimit::default(), Instant::now());
        let at = |second| {
            limit
                .0
                .allow("malformed_event".to_owned(), start + second * SECOND)
        };
        let minute: Vec<u64> = (0..60).filter_map(at).collect();
        assert_eq!(minute.len(), 9, "the tenth comes with the minute's end");
        assert_eq!(
            minute.iter().sum::<u64>() + 9,
            49,
            "of those up to the last line"
        );
    }

    const SECOND: Duration = Duration::from_secs(1);
}
