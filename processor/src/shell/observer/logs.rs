//! Writes the log lines of the core's facts.

use stackone_processor_core::api_gate::batch::LIMITED_FOR;
use stackone_processor_core::offsets::open_records::Open;
use stackone_processor_core::processor::Fact;

use super::Observed;

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
