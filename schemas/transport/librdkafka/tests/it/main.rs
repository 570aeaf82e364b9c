//! What each function does to a client, as a listener that speaks a little of Kafka sees it.
#![expect(
    clippy::disallowed_methods,
    reason = "a test starts threads as it likes"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says where"
)]

mod listener;

use std::time::{Duration, SystemTime};

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, Producer as _};
use stackone_librdkafka::{NativeError, OauthToken, set_oauth_token, set_sasl_credentials};

use listener::Listener;

/// A client that connects to `listener`.
fn client(listener: &Listener, properties: &[(&str, &str)]) -> BaseProducer {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", listener.address())
        .set("reconnect.backoff.max.ms", "100")
        .set("log_level", "0");
    for (name, value) in properties {
        config.set(*name, *value);
    }
    config.create().unwrap()
}

fn plain(listener: &Listener) -> BaseProducer {
    let properties = [
        ("security.protocol", "sasl_plaintext"),
        ("sasl.mechanism", "PLAIN"),
        ("sasl.username", "user"),
        ("sasl.password", "old"),
    ];
    client(listener, &properties)
}

fn token(value: &str) -> OauthToken<'_> {
    OauthToken {
        value,
        expires_at: SystemTime::now() + Duration::from_secs(3600),
        principal: "us",
        extensions: &[("logicalCluster", "lkc-1")],
    }
}

#[test]
fn a_changed_password_is_sent_by_the_client_that_lives() {
    let listener = Listener::new("PLAIN");
    let producer = plain(&listener);
    assert_eq!(listener.next_login(), b"\0user\0old");
    set_sasl_credentials(producer.client(), "user", "new").unwrap();
    // One that was under way may still have the old one.
    while listener.next_login() != b"\0user\0new" {}
}

#[test]
fn a_client_without_password_and_a_text_that_c_cannot_have_are_errors() {
    let listener = Listener::new("PLAIN");
    let plaintext = client(&listener, &[]);
    let refused = set_sasl_credentials(plaintext.client(), "user", "new");
    assert_eq!(refused, Err(NativeError::NoPassword));
    let refused = set_sasl_credentials(plain(&listener).client(), "user", "s3cr\0t");
    assert_eq!(refused, Err(NativeError::Nul("password")));
    assert!(!refused.unwrap_err().to_string().contains("s3cr"));
}

#[test]
fn a_token_for_a_client_that_uses_none_is_an_error() {
    let listener = Listener::new("PLAIN");
    for producer in [client(&listener, &[]), plain(&listener)] {
        let refused = set_oauth_token(producer.client(), &token("a.b.c"));
        assert!(
            matches!(refused, Err(NativeError::Refused { .. })),
            "{refused:?}"
        );
        let refused = set_oauth_token(producer.client(), &token("a.b.\0c"));
        assert_eq!(refused, Err(NativeError::Nul("token")));
    }
}

#[cfg(feature = "kafka-tls")]
#[test]
fn a_token_is_sent_with_its_extensions_and_replaced_in_the_client_that_lives() {
    let listener = Listener::new("OAUTHBEARER");
    let properties = [
        ("security.protocol", "sasl_plaintext"),
        ("sasl.mechanism", "OAUTHBEARER"),
    ];
    let producer = client(&listener, &properties);
    for value in ["first.token.x", "second.token.y"] {
        set_oauth_token(producer.client(), &token(value)).unwrap();
        let wanted = format!("\u{1}auth=Bearer {value}\u{1}logicalCluster=lkc-1\u{1}");
        let has_it = |login: Vec<u8>| String::from_utf8(login).unwrap().contains(&wanted);
        while !has_it(listener.next_login()) {}
    }
    let expired = OauthToken {
        expires_at: SystemTime::UNIX_EPOCH,
        ..token("third.token.z")
    };
    let refused = set_oauth_token(producer.client(), &expired).unwrap_err();
    assert!(refused.to_string().contains("unexpired"), "{refused}");
}
