//! Judges the topics, their settings, and the rights to them.

use stackone_link_transport::TopicFinding;

use super::super::finding::{Check, Finding};
use super::super::seen::{GroupSeen, StateSeen, TopicSeen, TopicsSeen, Unseen};
use super::ALLOW;
use stackone_processor::config::Settings;

/// The rights that no check can try without a change.
const UNTRIED: &str = "not tried, since that would change something: writing to topics, joining the group, transactions";
const WHERE_SEEN: &str = "a running processor shows it: it is ready once it has joined, and a refused write aborts its \
                          transaction (transactions_total{outcome=\"aborted\"}, and the log names the topic)";

/// Judges which topics are missing or have wrong settings.
pub(in crate::doctor) fn topics(brokers: &str, seen: &TopicsSeen) -> Vec<Finding> {
    let finding = |found| finding(brokers, found);
    let mut findings: Vec<Finding> = seen.together.iter().map(finding).collect();
    findings.extend(seen.each.iter().flat_map(|seen| topic(brokers, seen)));
    findings.extend(seen.others.iter().map(finding));
    // Notes come last.
    findings.sort_by_key(|finding| !finding.is_wrong());
    if !findings.iter().any(Finding::is_wrong) {
        let mut visible = seen.each.iter().filter(|topic| topic.leaderless.is_ok());
        let checked = visible.all(|topic| topic.settings.is_some());
        let settings = if checked {
            "set up as they must be"
        } else {
            "their settings were not looked at (topic_layout.check_settings = false)"
        };
        let visible = seen.each.iter().filter(|topic| topic.leaderless.is_ok());
        let (count, all) = (visible.count(), seen.each.len());
        let says = format!("{count} of {all} are there, {settings}");
        findings.insert(0, Finding::fine(Check::Topics, says));
    }
    findings
}

fn topic(brokers: &str, seen: &TopicSeen) -> Vec<Finding> {
    let name = &seen.name;
    let leaderless = match &seen.leaderless {
        Ok(leaderless) => leaderless,
        // The check of access reports it.
        Err(Unseen::Forbidden) => return Vec::new(),
        Err(unseen) => {
            let advice = "make it with: stackone-processor topics apply";
            return vec![unseen.wrong(Check::Topics, &format!("topic {name}"), advice)];
        }
    };
    let mut findings: Vec<Finding> = leaderless
        .iter()
        .map(|partition| {
            let says = format!("topic {name}: partition {partition} has no leader, so it can be neither read nor written");
            Finding::wrong(Check::Topics, says, "see which brokers are down: none that has its data is up")
        })
        .collect();
    match &seen.settings {
        None | Some(Err(Unseen::Forbidden)) => {}
        Some(Ok(settings)) => {
            findings.extend(settings.iter().map(|found| finding(brokers, found)));
        }
        Some(Err(unseen)) => {
            let what = format!("the settings of topic {name} cannot be seen");
            findings.push(unseen.wrong(Check::Topics, &what, "try again"));
        }
    }
    findings
}

fn finding(brokers: &str, found: &TopicFinding) -> Finding {
    let set = |name: &str, setting: &str, value: &str| {
        format!(
            "kafka-configs.sh --bootstrap-server {brokers} --alter --topic {name} --add-config {setting}={value}"
        )
    };
    let advice = match found {
        TopicFinding::Missing { .. } => "make it with: stackone-processor topics apply".to_owned(),
        TopicFinding::PartitionsDiffer { .. } => {
            "follow \"Changing partition counts\" in deploy/runbook.md: it copies the states first, so that no version is \
             used twice; only then resync"
                .to_owned()
        }
        TopicFinding::Setting {
            name,
            setting,
            expected,
            ..
        } => set(name, setting, expected),
        TopicFinding::Limit { name, limit } => match limit.mended() {
            Some((setting, value)) => set(name, setting, &value),
            None => return Finding::note(Check::Topics, found.to_string()),
        },
        TopicFinding::DeadLetterTopic { name, needed, .. } => {
            set(name, "max.message.bytes", &needed.to_string())
        }
        TopicFinding::DeadLetterProducer { needed, .. } => {
            format!("set \"message.max.bytes\" = \"{needed}\" in kafka.properties of the processor")
        }
    };
    Finding::wrong(Check::Topics, found.to_string(), advice)
}

/// Judges the rights, as far as they can be seen without a change.
pub(in crate::doctor) fn access(
    settings: &Settings,
    topics: &TopicsSeen,
    state: &Result<StateSeen, Unseen>,
    group: &Result<GroupSeen, Unseen>,
) -> Vec<Finding> {
    let is_forbidden = |unseen: Option<&Unseen>| unseen == Some(&Unseen::Forbidden);
    let forbidden =
        |what: String| Finding::wrong(Check::Access, format!("we may not {what}"), ALLOW);
    let mut findings = Vec::new();
    for topic in &topics.each {
        let name = &topic.name;
        if is_forbidden(topic.leaderless.as_ref().err()) {
            findings.push(forbidden(format!(
                "see topic {name} (Describe, which Read and Write include)"
            )));
        } else if is_forbidden(
            topic
                .settings
                .as_ref()
                .and_then(|settings| settings.as_ref().err()),
        ) {
            let finding = forbidden(format!(
                "see the settings of topic {name} (DescribeConfigs)"
            ));
            findings.push(finding.advising("allow it, or set topic_layout.check_settings = false"));
        }
    }
    let reads = [
        (
            &settings.topics.account_events,
            topics.events.as_ref().err(),
        ),
        (&settings.topics.state, state.as_ref().err()),
    ];
    for (name, unseen) in reads {
        let is_seen = topics
            .each
            .iter()
            .any(|topic| topic.name == *name && topic.leaderless.is_ok());
        if is_seen && is_forbidden(unseen) {
            findings.push(forbidden(format!("read topic {name} (Read)")));
        }
    }
    if is_forbidden(group.as_ref().err()) {
        findings.push(forbidden(format!(
            "use the consumer group {} (Read)",
            settings.group.id
        )));
    }
    if findings.is_empty() {
        findings.push(Finding::fine(
            Check::Access,
            "what we must read may be read",
        ));
    }
    findings.push(Finding::unknown(Check::Access, UNTRIED).advising(WHERE_SEEN));
    findings
}

#[cfg(test)]
mod tests;
