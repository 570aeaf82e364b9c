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
fn the_doctor_always_says_that_it_has_not_tried_to_write() {
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
