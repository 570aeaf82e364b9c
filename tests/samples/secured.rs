//! Samples on a broker that lets nobody in without a password, over TLS.

use harness::{SecuredBroker, unique_topics};
use stackone_link_transport::Security;
use stackone_simulator::AccountId;

use crate::build;
use crate::intruder::Intruder;
use crate::program::{Environment, Program};

const PASSWORD: &str = "password-of-a-subscriber";

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
        let properties = sample.properties.replace("$USER", user);
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
