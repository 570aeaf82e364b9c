//! Recognises products by the names of the brokers and the cluster, and checks the settings that
//! each needs. `docs/kafka.md` describes each of them, with its source.

use stackone_processor::config::Settings;

use super::super::finding::{Check, Finding};
use super::super::seen::ClusterSeen;

/// The products that can be recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Product {
    ConfluentCloud,
    Msk,
    MskServerless,
    EventHubs,
    Aiven,
    Redpanda,
    WarpStream,
}

/// The suffixes of brokers' names, a part that must come before, and the product.
const NAMES: [(&str, &str, Product); 8] = [
    (".confluent.cloud", "", Product::ConfluentCloud),
    (
        ".amazonaws.com",
        ".kafka-serverless.",
        Product::MskServerless,
    ),
    (".amazonaws.com", ".kafka.", Product::Msk),
    (".amazonaws.com.cn", ".kafka.", Product::Msk),
    (".servicebus.windows.net", "", Product::EventHubs),
    (".aivencloud.com", "", Product::Aiven),
    (".redpanda.com", ".cloud", Product::Redpanda),
    (".warpstream.com", "", Product::WarpStream),
];
/// The prefix of Redpanda's cluster ids, wherever it runs.
const REDPANDA: &str = "redpanda.";

const STATE_BY_HAND: &str = "make the state topic with the cluster's own tool (cleanup.policy=compact, as many \
     partitions as the events topic) and set topic_layout.check_settings = false";

/// Judges the settings for a recognised product. Returns nothing for any other Kafka.
pub(in crate::doctor) fn product(settings: &Settings, seen: &ClusterSeen) -> Option<Finding> {
    let product = Product::of(seen)?;
    let finding = Finding::note(
        Check::Broker,
        format!(
            "this is {}; docs/kafka.md says what of it is known",
            product.name()
        ),
    );
    let needed = product.needs(settings);
    Some(if needed.is_empty() {
        finding
    } else {
        finding.advising(needed.join("; "))
    })
}

impl Product {
    fn of(seen: &ClusterSeen) -> Option<Self> {
        if seen
            .id
            .as_deref()
            .is_some_and(|id| id.starts_with(REDPANDA))
        {
            return Some(Self::Redpanda);
        }
        let is_of = |(end, inside, _): &&(&str, &str, Self)| {
            let is_named = |host: &String| host.ends_with(end) && host.contains(inside);
            seen.hosts.iter().any(is_named)
        };
        NAMES.iter().find(is_of).map(|(_, _, product)| *product)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::ConfluentCloud => "Confluent Cloud",
            Self::Msk => "Amazon MSK",
            Self::MskServerless => "Amazon MSK Serverless",
            Self::EventHubs => "Azure Event Hubs, against which we advise",
            Self::Aiven => "Aiven for Apache Kafka",
            Self::Redpanda => "Redpanda",
            Self::WarpStream => "WarpStream",
        }
    }

    /// Returns the settings that the product needs and that are not made.
    fn needs(self, settings: &Settings) -> Vec<String> {
        let checks = settings.topic_layout.check_settings;
        let by_hand = checks.then(|| STATE_BY_HAND.to_owned());
        match self {
            Self::ConfluentCloud | Self::MskServerless | Self::WarpStream => {
                by_hand.into_iter().collect()
            }
            Self::Msk => {
                let express = |what| format!("with Express brokers, {what}");
                by_hand.map(express).into_iter().collect()
            }
            Self::EventHubs => {
                let properties = &settings.kafka.properties;
                let is_missing = |name: &&str| !properties.contains_key(*name);
                let missing = EVENT_HUBS.into_iter().filter(is_missing);
                let set = missing.map(|name| format!("set {name} in kafka.properties"));
                by_hand.into_iter().chain(set).collect()
            }
            Self::Aiven | Self::Redpanda => Vec::new(),
        }
    }
}

/// The settings that Azure recommends for clients of Event Hubs.
const EVENT_HUBS: [&str; 3] = [
    "compression.type",
    "metadata.max.age.ms",
    "socket.keepalive.enable",
];

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use stackone_processor::config::Config;

    use super::super::super::finding::Verdict;
    use super::*;

    fn settings(more: &[(&str, &str)]) -> Settings {
        let environment = [("STACKONE_API_KEY", "key")].iter().chain(more);
        let environment: HashMap<_, _> = environment
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Config::load(None, &environment).unwrap().settings
    }

    fn of(host: &str) -> ClusterSeen {
        ClusterSeen {
            hosts: vec![host.to_owned()],
            id: Some("5L6g3nShT-eMCtK--X86sw".to_owned()),
        }
    }

    #[test]
    fn a_kafka_is_known_by_the_names_of_its_brokers_and_of_the_cluster() {
        for (host, product) in [
            (
                "b0-pkc-1.eu-west-1.aws.confluent.cloud",
                Some(Product::ConfluentCloud),
            ),
            (
                "b-1.link.abc.c2.kafka.eu-west-1.amazonaws.com",
                Some(Product::Msk),
            ),
            (
                "b-1.link.abc.c2.kafka.cn-north-1.amazonaws.com.cn",
                Some(Product::Msk),
            ),
            (
                "boot-abc.c1.kafka-serverless.eu-west-1.amazonaws.com",
                Some(Product::MskServerless),
            ),
            ("link.servicebus.windows.net", Some(Product::EventHubs)),
            ("kafka-1.link.aivencloud.com", Some(Product::Aiven)),
            (
                "0.abc.any.eu-west-1.mpx.prd.cloud.redpanda.com",
                Some(Product::Redpanda),
            ),
            ("serverless.warpstream.com", Some(Product::WarpStream)),
            ("127.0.0.1", None),
            ("kafka.internal", None),
            // A self-managed Kafka on machines of AWS.
            ("ec2-192-0-2-1.compute-1.amazonaws.com", None),
        ] {
            assert_eq!(Product::of(&of(host)), product, "{host}");
        }
        let own = ClusterSeen {
            id: Some("redpanda.1f0c".to_owned()),
            ..of("10.0.0.1")
        };
        assert_eq!(Product::of(&own), Some(Product::Redpanda));
    }

    #[test]
    fn settings_that_a_kafka_needs_are_said_until_they_are_set_and_are_no_reason_to_fail() {
        let checked = settings(&[]);
        let unchecked = settings(&[("PROCESSOR__TOPIC_LAYOUT__CHECK_SETTINGS", "false")]);
        for (host, told) in [
            ("pkc.confluent.cloud", Some("check_settings = false")),
            (
                "b-1.c2.kafka.eu-west-1.amazonaws.com",
                Some("with Express brokers, make"),
            ),
            ("kafka.aivencloud.com", None),
        ] {
            let finding = product(&checked, &of(host)).unwrap();
            assert_eq!(finding.verdict, Verdict::Note, "{finding:?}");
            match told {
                Some(told) => assert!(finding.advice.unwrap().contains(told), "{host}"),
                None => assert_eq!(finding.advice, None, "{host}"),
            }
            assert_eq!(
                product(&unchecked, &of(host)).unwrap().advice,
                None,
                "{host}"
            );
        }
        let mut hubs = unchecked;
        let advice = |settings: &Settings| {
            product(settings, &of("link.servicebus.windows.net"))
                .unwrap()
                .advice
        };
        assert!(
            advice(&hubs)
                .unwrap()
                .contains("set metadata.max.age.ms in kafka.properties")
        );
        let set = EVENT_HUBS.map(|name| (name.to_owned(), "1".to_owned()));
        hubs.kafka.properties.extend(set);
        assert_eq!(advice(&hubs), None);
        assert_eq!(product(&hubs, &of("kafka.internal")), None);
    }
}
