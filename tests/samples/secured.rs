//! Samples on a broker that lets nobody in without a password, over TLS.

use harness::{SecuredBroker, unique_topics};
use stackone_link_transport::Security;
use stackone_simulator::AccountId;

use crate::build;
use crate::intruder::Intruder;
use crate::program::{Environment, Program};

const PASSWORD: &str = "password-of-a-subscriber";

/// How librdkafka is told of a password and of who signed the broker's certificate.
const LIBRDKAFKA: &str = "\
security.protocol=SASL_SSL
sasl.mechanism=PLAIN
sasl.username=$USER
sasl.password=$PASSWORD
ssl.ca.location=$CA
";

/// How Java's client is told.
const JAVA: &str = "\
security.protocol=SASL_SSL
sasl.mechanism=PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"$USER\" password=\"$PASSWORD\";
ssl.truststore.type=PEM
ssl.truststore.location=$CA
";

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_comes_to_a_broker_that_requires_tls_and_a_password() {
    let user = SecuredBroker::anyone();
    let users = [(user.to_owned(), PASSWORD.to_owned())];
    let secured = SecuredBroker::start(&users).await.unwrap();
    let topics = unique_topics("secured");
    let admin = secured.for_services(secured.sasl(), Security::Plaintext, Security::Plaintext);
    admin.create_topics(&topics, 1).await.unwrap();
    let account: AccountId = "account-0".into();
    let intruder = Intruder::new(admin.bootstrap_servers(), &topics);
    intruder.writes_states(1);
    intruder.writes_transition(&account, 2);

    let folder = tempfile::tempdir().unwrap();
    for sample in build::ALL {
        let Some(command) = sample.command().await else {
            continue;
        };
        let is_java = sample.name == build::JAVA.name;
        let properties = if is_java { JAVA } else { LIBRDKAFKA };
        let properties = properties.replace("$USER", user);
        let properties = properties.replace("$CA", &secured.file("ca").display().to_string());
        let file = folder.path().join(sample.name);
        std::fs::write(&file, properties.replace("$PASSWORD", PASSWORD)).unwrap();
        let environment = Environment::new(secured.sasl(), &topics, folder.path())
            .with("KAFKA_PROPERTIES", &file.display().to_string());
        let mut program = Program::start(command, &environment).unwrap();
        program.took(&[(&account, 1), (&account, 2)]).await;
        program.terminate().await;
    }
}
