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
    ("security.protocol", "set kafka.security"),
];

/// Returns a sentence for each of the given properties that is refused.
pub fn refused_properties<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    names
        .into_iter()
        .filter_map(|name| REFUSED.iter().find(|(refused, _)| *refused == name))
        .map(|(name, reason)| format!("kafka.properties: {name} cannot be set: {reason}"))
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
}
