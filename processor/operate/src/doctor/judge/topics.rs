//! Whether topics are as they must be, and what we may do with them.

use stackone_link_transport::TopicFinding;

use super::super::finding::{Check, Finding};
use super::super::seen::{GroupSeen, StateSeen, TopicSeen, TopicsSeen, Unseen};
use super::ALLOW;
use stackone_processor::config::Settings;

/// What cannot be tried without changing something.
const UNTRIED: &str = "not tried, since that would change something: writing to topics, joining the group, transactions";
const WHERE_SEEN: &str = "a running processor shows it: it is ready once it has joined, and a refused write aborts its \
                          transaction (transactions_total{outcome=\"aborted\"}, and the log names the topic)";

/// What is missing or not set up as it must be.
pub(in crate::doctor) fn topics(brokers: &str, seen: &TopicsSeen) -> Vec<Finding> {
    let finding = |found| finding(brokers, found);
    let mut findings: Vec<Finding> = seen.together.iter().map(finding).collect();
    findings.extend(seen.each.iter().flat_map(|seen| topic(brokers, seen)));
    findings.extend(seen.others.iter().map(finding));
    // What is only worth knowing comes last.
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
        // Told as what may not be done.
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

/// What we may not do, as far as that can be seen without doing it.
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
mod tests {
    use std::collections::HashMap;

    use stackone_link_transport::TopicLimit;
    use stackone_link_wire::Topic;

    use super::super::super::finding::Verdict;
    use super::super::super::survey::Survey;
    use super::*;
    use stackone_processor::config::Config;

    fn seen() -> TopicsSeen {
        let names = settings().topics;
        let topic = |topic| TopicSeen {
            topic,
            name: names.name(topic).to_owned(),
            leaderless: Ok(Vec::new()),
            settings: Some(Ok(Vec::new())),
        };
        TopicsSeen {
            each: Topic::OF_PROCESSOR.map(topic).into(),
            together: Vec::new(),
            others: Vec::new(),
            events: Ok(()),
        }
    }

    fn settings() -> Settings {
        let key = HashMap::from([("STACKONE_API_KEY".to_owned(), "key".to_owned())]);
        Config::load(None, &key).unwrap().settings
    }

    fn says(findings: &[Finding]) -> Vec<&str> {
        let wrong = findings.iter().filter(|finding| finding.is_wrong());
        wrong.map(|finding| finding.says.as_str()).collect()
    }

    #[test]
    fn topics_in_order_are_one_fine_finding_that_says_what_was_not_looked_at() {
        let found = topics("kafka:9092", &seen());
        assert_eq!((found.len(), found[0].verdict), (1, Verdict::Fine));
        assert!(
            found[0].says.contains("5 of 5 are there, set up"),
            "{found:?}"
        );
        let mut unchecked = seen();
        unchecked.each[0].settings = None;
        assert!(
            topics("kafka:9092", &unchecked)[0]
                .says
                .contains("not looked at")
        );
    }

    #[test]
    fn each_fault_of_a_topic_is_a_finding_with_something_to_do() {
        let mut seen = seen();
        seen.each[0].leaderless = Err(Unseen::Missing);
        seen.each[1].leaderless = Ok(vec![7]);
        seen.each[2].settings = Some(Err(Unseen::failed("late")));
        seen.each[3].settings = Some(Ok(vec![TopicFinding::Setting {
            name: "s".to_owned(),
            setting: "cleanup.policy",
            expected: "compact".to_owned(),
            found: "delete".to_owned(),
        }]));
        let (takes, needed) = (1, 2);
        let events = "e".to_owned();
        seen.together = vec![
            TopicFinding::DeadLetterTopic {
                name: "d".to_owned(),
                takes,
                events: events.clone(),
                needed,
            },
            TopicFinding::DeadLetterProducer {
                takes,
                events,
                needed,
            },
        ];
        let found = topics("kafka:9092", &seen);
        let told = says(&found);
        assert_eq!(told.len(), 6, "{told:?}");
        for (told, word) in told.iter().zip([
            "max.message.bytes=1",
            "\"message.max.bytes\" is 1",
            "does not exist",
            "partition 7 has no leader",
            "late",
            "cleanup.policy=delete",
        ]) {
            assert!(told.contains(word), "{told}");
        }
        assert!(found.iter().all(|finding| finding.advice.is_some()));
    }

    #[test]
    fn what_is_kept_too_shortly_is_wrong_and_what_may_be_is_a_note_beside_what_is_fine() {
        let limit = |name: &str, limit| TopicFinding::Limit {
            name: name.to_owned(),
            limit,
        };
        let mut seen = seen();
        let (setting, found) = ("retention.ms", 1_000);
        let lost = "letters are lost";
        let shorter = TopicLimit::KeptShorter {
            setting,
            found,
            lost,
        };
        seen.each[4].settings = Some(Ok(vec![limit("letters", shorter)]));
        let told = topics("kafka:9092", &seen);
        let verdicts: Vec<_> = told.iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, [Verdict::Fine, Verdict::Note]);
        let expires = TopicLimit::Expires {
            setting,
            found,
            needed: 2_000,
            why: "why",
        };
        seen.others = vec![limit("sessions", expires)];
        let told = topics("kafka:9092", &seen);
        let verdicts: Vec<_> = told.iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, [Verdict::Wrong, Verdict::Note]);
        let advice = told[0].advice.as_deref().unwrap_or_default();
        assert!(
            advice
                == "kafka-configs.sh --bootstrap-server kafka:9092 --alter --topic sessions \
             --add-config retention.ms=2000",
            "{advice}"
        );
    }

    #[test]
    fn unequal_partition_counts_come_first_and_name_the_procedure_that_copies_the_states() {
        let mut seen = seen();
        seen.each[1].leaderless = Err(Unseen::Missing);
        let count = |name: &str, partitions| (name.to_owned(), partitions);
        seen.together = vec![TopicFinding::PartitionsDiffer {
            events: count("e", 6),
            state: count("s", 12),
        }];
        let told = topics("kafka:9092", &seen);
        assert!(told[0].says.contains("has 6 partitions"), "{told:?}");
        let advice = told[0].advice.as_deref().unwrap_or_default();
        let (copied, resynced) = (
            advice.find("copies the states first"),
            advice.find("resync"),
        );
        assert!(copied.is_some() && copied < resynced, "{advice}");
    }

    #[test]
    fn what_is_forbidden_is_told_once_and_as_what_we_may_not_do() {
        let mut seen = seen();
        seen.each[1].leaderless = Err(Unseen::Forbidden);
        seen.each[2].settings = Some(Err(Unseen::Forbidden));
        seen.events = Err(Unseen::Forbidden);
        let rest = topics("kafka:9092", &seen);
        assert_eq!(rest.len(), 1);
        assert!(rest[0].says.contains("4 of 5 are there"), "{rest:?}");
        let found = access(
            &settings(),
            &seen,
            &Err(Unseen::Forbidden),
            &Err(Unseen::Forbidden),
        );
        let told = says(&found);
        let expected = [
            "see topic",
            "DescribeConfigs",
            "read topic stackone.account.events",
            "read topic stackone.account.state",
            "consumer group",
        ];
        assert_eq!(told.len(), expected.len(), "{told:?}");
        for (told, words) in told.iter().zip(expected) {
            assert!(told.contains(words), "{told} does not say {words}");
        }
    }

    #[test]
    fn what_cannot_be_tried_is_always_said() {
        let state = StateSeen {
            survey: Survey::of(1),
            is_complete: true,
        };
        let group = GroupSeen {
            members: Ok(1),
            places: Vec::new(),
        };
        let found = access(&settings(), &seen(), &Ok(state), &Ok(group));
        let verdicts: Vec<_> = found.iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, [Verdict::Fine, Verdict::Unknown]);
        assert!(found[1].says.contains("writing"));
    }
}
