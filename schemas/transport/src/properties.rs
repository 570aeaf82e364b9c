//! Properties of librdkafka that would break a promise of the pipeline, and so cannot be set.

/// Refused properties, each with the promise that it would break.
const REFUSED: &[(&str, &str)] = &[
    (
        "acks",
        "a 200 means that all in-sync replicas have the record",
    ),
    (
        "request.required.acks",
        "a 200 means that all in-sync replicas have the record",
    ),
    (
        "enable.idempotence",
        "a retry of the client must not double or reorder records",
    ),
    (
        "transactional.id",
        "it is group and instance id; set group.instance_id",
    ),
    ("transaction.timeout.ms", "set transactions.timeout"),
    (
        "enable.auto.commit",
        "offsets are committed in the transaction of what they led to",
    ),
    (
        "enable.auto.offset.store",
        "offsets are committed in the transaction of what they led to",
    ),
    (
        "auto.offset.reset",
        "a new group starts at the earliest record and nothing is skipped in silence",
    ),
    ("isolation.level", "aborted records must not be read"),
    ("group.id", "set group.id"),
    (
        "group.protocol",
        "fencing is checked with the classic protocol",
    ),
    (
        "partition.assignment.strategy",
        "fencing is checked with cooperative-sticky",
    ),
    (
        "partitioner",
        "records must land where Java clients would put them",
    ),
    ("message.timeout.ms", "set ingest's ack_deadline"),
    ("delivery.timeout.ms", "set ingest's ack_deadline"),
    ("enable.partition.eof", "restoring relies on it"),
    (
        "enable.ssl.certificate.verification",
        "the broker's certificate is always verified",
    ),
    (
        "ssl.endpoint.identification.algorithm",
        "the broker's certificate is always verified",
    ),
    (
        "allow.auto.create.topics",
        "a topic the broker makes by itself is not set up as it must be",
    ),
    (
        "enable.sasl.oauthbearer.unsecure.jwt",
        "a token has to be signed",
    ),
    ("bootstrap.servers", "set kafka.bootstrap_servers"),
    ("metadata.broker.list", "set kafka.bootstrap_servers"),
    ("security.protocol", "set kafka.security"),
    ("sasl.mechanism", "set kafka.security"),
    ("sasl.mechanisms", "set kafka.security"),
];
/// What librdkafka takes off the name of a topic's property.
const OF_TOPIC: &str = "topic.";
/// Properties that librdkafka knows by two names: the other one, and the one that is used here.
const TWO_NAMES: &[(&str, &str)] = &[
    ("compression.codec", "compression.type"),
    ("max.in.flight.requests.per.connection", "max.in.flight"),
    ("max.partition.fetch.bytes", "fetch.message.max.bytes"),
    ("message.send.max.retries", "retries"),
    ("queue.buffering.max.ms", "linger.ms"),
];

/// Returns a sentence for each of the given properties that is refused.
pub fn refused_properties<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let reason = |name: &str| {
        let bare = name.strip_prefix(OF_TOPIC).unwrap_or(name);
        let refused = REFUSED.iter().find(|(refused, _)| *refused == bare);
        refused.map(|(_, reason)| *reason)
    };
    names
        .into_iter()
        .filter_map(|name| Some((name, reason(name)?)))
        .map(|(name, reason)| format!("kafka.properties: {name} cannot be set: {reason}"))
        .collect()
}

/// Returns the one name of a property: of two values that a client is given, it takes either.
pub(crate) fn one_name(name: &str) -> &str {
    let found = TWO_NAMES.iter().find(|(other, _)| *other == name);
    found.map_or(name, |(_, name)| *name)
}

/// Returns a sentence for each property that is given by both of its names.
pub(crate) fn given_twice(is_given: impl Fn(&str) -> bool) -> Vec<String> {
    let twice = TWO_NAMES.iter();
    twice
        .filter(|(other, name)| is_given(other) && is_given(name))
        .map(|(other, name)| format!("kafka.properties: {other} is {name}; set one of them"))
        .collect()
}

/// Returns whether the value of a property is or may contain a secret.
pub(crate) fn is_secret(name: &str) -> bool {
    ["password", "secret", ".pem", "oauthbearer.config"]
        .iter()
        .any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_that_would_break_a_promise_is_refused_by_name() {
        assert_eq!(
            refused_properties(["linger.ms", "socket.keepalive.enable"]),
            Vec::<String>::new()
        );
        let refused = refused_properties(["acks", "linger.ms", "isolation.level"]);
        assert_eq!(refused.len(), 2);
        assert!(refused[0].contains("acks"));
    }

    #[test]
    fn a_property_that_would_break_a_promise_is_refused_however_it_is_written() {
        for (written, value, name) in [
            ("topic.acks", "1", "acks"),
            ("topic.request.required.acks", "1", "acks"),
            ("topic.message.timeout.ms", "1", "message.timeout.ms"),
            ("topic.delivery.timeout.ms", "1", "message.timeout.ms"),
            ("topic.auto.offset.reset", "error", "auto.offset.reset"),
            ("topic.partitioner", "random", "partitioner"),
            ("metadata.broker.list", "other:9092", "bootstrap.servers"),
            ("sasl.mechanism", "PLAIN", "sasl.mechanisms"),
            ("sasl.mechanisms", "PLAIN", "sasl.mechanism"),
        ] {
            let mut client = rdkafka::ClientConfig::new();
            let client = client.set(written, value).create_native_config();
            let taken = client.unwrap().get(name).unwrap();
            assert_eq!(taken, value, "the client takes {written} for {name}");
            assert_eq!(refused_properties([written]).len(), 1, "{written}");
        }
        let another = "topic.metadata.refresh.interval.ms";
        assert_eq!(refused_properties([another]), Vec::<String>::new());
    }
}
