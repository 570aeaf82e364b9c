//! Words for the account's records on the account events topic. Pure.

use stackone_link_wire::Topics;

use super::extent::{limit, looked_for};
use super::newest::newest;
use super::words;
use crate::explain::finding::{About, AccountFinding};
use crate::explain::found::{Events, SeenOnTopic, Trigger, TriggerProgress};
use crate::explain::question::AccountQuestion;
use crate::explain::unseen::NotSeen;

const WHERE_WEBHOOKS_END: &str = "in ingest: the metric stackone_ingest_webhooks_total with outcome \
    bad_signature, wrong_encoding or signature_*, and the log line \"webhook refused\"; see \
    \"Webhooks are not arriving\" in deploy/runbook.md. `look` has it looked up without a webhook";

pub(super) fn triggers(
    topics: &Topics,
    question: &AccountQuestion,
    events: &Result<SeenOnTopic<Events>, NotSeen>,
) -> Vec<AccountFinding> {
    let topic = &topics.account_events;
    let SeenOnTopic { found, looked } = match events {
        Ok(seen) => seen,
        Err(unseen) => {
            return vec![AccountFinding::not_looked_at(
                About::Triggers,
                format!("{topic}: {unseen}"),
            )];
        }
    };
    let triggers = &found.triggers;
    let mut findings = newest(About::Triggers, triggers, |one| trigger(topic, one));
    if !triggers.newest.iter().any(Trigger::is_webhook) {
        let says = format!(
            "no webhook of it {} on {topic}: StackOne did not call, or its signature was refused",
            looked_for(question, looked)
        );
        let finding = AccountFinding::not_found(About::Triggers, says);
        findings.push(finding.advising(WHERE_WEBHOOKS_END));
    }
    findings.extend(limit(About::Triggers, looked));
    findings
}

fn trigger(topic: &str, trigger: &Trigger) -> AccountFinding {
    let Trigger {
        partition, offset, ..
    } = trigger;
    let event_type = trigger
        .event_type
        .as_deref()
        .unwrap_or("a record without our headers");
    let source = trigger
        .source
        .as_ref()
        .map_or_else(String::new, |source| format!(", by source {source}"));
    let redrives = match trigger.redrives {
        0 => String::new(),
        1 => ", put back by a redrive".to_owned(),
        times => format!(", put back by redrives {times} times"),
    };
    let at = words::time(trigger.received_at.or(trigger.at));
    let says = format!(
        "{event_type} {at}{source}{redrives} ({topic}, partition {partition}, offset {offset}): {}",
        progress(trigger.progress)
    );
    AccountFinding::found(About::Triggers, says)
}

const fn progress(progress: TriggerProgress) -> &'static str {
    match progress {
        TriggerProgress::PutAside => "put aside as a dead letter",
        TriggerProgress::TakenIn => "taken in",
        TriggerProgress::Passed => "processed: the consumer group has passed it",
        TriggerProgress::Waiting => "NOT PROCESSED: the consumer group has not come to it",
        TriggerProgress::Unknown => "it is not known whether the consumer group has passed it",
    }
}
