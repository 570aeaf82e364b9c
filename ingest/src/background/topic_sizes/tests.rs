use rdkafka::error::KafkaError;

use super::*;

const NEEDED: Sizes = Sizes {
    largest_body: 900,
    largest_record: 1000,
};

fn forbidden(name: &str) -> Told {
    let name = name.to_owned();
    Err(TopicAdminError::SettingsForbidden { name })
}

fn lines<const N: usize>(told: [(&str, Told); N]) -> Vec<String> {
    let findings = judge(NEEDED, told);
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn a_topic_that_takes_less_than_the_largest_record_is_named_with_what_to_do() {
    let told = lines([
        ("a", Ok(Some(999))),
        ("b", Ok(Some(1000))),
        ("c", Ok(Some(5))),
    ]);
    assert_eq!(told.len(), 2, "{told:?}");
    for words in [
        "topic a takes",
        "at most 999 bytes",
        "limits.max_body_bytes (900)",
        "need 1000",
        "raise max.message.bytes",
        "413",
    ] {
        assert!(told[0].contains(words), "{told:?} does not say {words}");
    }
    assert!(told[1].contains("topic c takes records of at most 5 bytes"));
}

#[test]
fn topics_that_take_it_are_told_in_one_line() {
    let found = judge(NEEDED, [("a", Ok(Some(1000))), ("b", Ok(Some(u64::MAX)))]);
    assert_eq!(found, [Finding::AllTake { needed: 1000 }]);
}

#[test]
fn a_topic_whose_settings_may_not_be_seen_is_told_once_and_hides_none_that_is_too_small() {
    let told = lines([
        ("a", forbidden("a")),
        ("b", Ok(Some(1))),
        ("c", forbidden("c")),
    ]);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("topic b takes"), "{told:?}");
    assert!(told[1].ends_with("not checked: allow DescribeConfigs on a, c"));
}

#[test]
fn a_broker_that_does_not_tell_is_another_matter_than_one_that_does_not_answer() {
    let found = judge(NEEDED, [("a", Ok(None)), ("b", Ok(None))]);
    assert_eq!(found, [Finding::Unsupported]);
    let silent = || Err(TopicAdminError::Kafka(KafkaError::Canceled));
    let found = judge(NEEDED, [("a", silent()), ("b", silent())]);
    assert!(matches!(found[..], [Finding::Unanswered { .. }]));
}
