//! What becomes of a sample where something is wrong: a topic is missing, its broker is away, it is
//! told to stop early.

use harness::{Broker, DedicatedBroker, unique_topics};
use stackone_link_wire::Topics;
use stackone_simulator::AccountId;

use crate::build;
use crate::intruder::Intruder;
use crate::program::{Environment, Program};

/// States that no sample has read before it hears that it shall stop.
const MANY: usize = 20_000;

/// A broker with the topics of a test.
async fn broker(test: &str) -> (Broker, Topics) {
    let (broker, topics) = (Broker::start().await, unique_topics(test));
    broker.create_topics(&topics, 3).await.unwrap();
    (broker, topics)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_ends_where_a_topic_is_missing_and_says_which() {
    let (broker, topics) = broker("missing").await;
    let folder = tempfile::tempdir().unwrap();
    for sample in build::ALL {
        let Some(command) = sample.command().await else {
            continue;
        };
        for topic in ["STATE_TOPIC", "LIFECYCLE_TOPIC"] {
            let environment = Environment::new(broker.bootstrap_servers(), &topics, folder.path());
            let missing = format!("no-such-{}", topic.to_lowercase());
            let program = Program::start(command, &environment.with(topic, &missing)).unwrap();
            let words = format!("there is no topic {missing}");
            program.fails_saying(&words).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_that_is_told_to_stop_does_not_read_all_states_before() {
    let (broker, topics) = broker("many").await;
    let servers = broker.bootstrap_servers();
    Intruder::new(servers, &topics).writes_states(MANY);
    let folder = tempfile::tempdir().unwrap();
    for sample in build::ALL {
        let Some(command) = sample.command().await else {
            continue;
        };
        let environment = Environment::new(servers, &topics, folder.path());
        let mut program = Program::start(command, &environment).unwrap();
        let reads = |program: &Program| !program.lines().is_empty();
        program.runs_until("the sample reads", reads).await;
        let read = program.terminate().await.len();
        assert!(read < MANY, "{} read all there was", sample.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_says_that_its_broker_is_away_and_goes_on_when_it_is_back() {
    let (broker, topics) = (
        DedicatedBroker::start().await.unwrap(),
        unique_topics("away"),
    );
    broker.create_topics(&topics, 3).await.unwrap();
    let servers = broker.bootstrap_servers();
    let account: AccountId = "account-0".into();
    let intruder = Intruder::new(servers, &topics);
    intruder.writes_states(1);
    intruder.writes_transition(&account, 2);
    let folder = tempfile::tempdir().unwrap();
    let mut programs = Vec::new();
    for sample in build::ALL {
        if let Some(command) = sample.command().await {
            let environment = Environment::new(servers, &topics, folder.path());
            programs.push(Program::start(command, &environment).unwrap());
        }
    }
    for program in &mut programs {
        program.took(&[(&account, 1), (&account, 2)]).await;
    }
    let said: Vec<usize> = programs.iter().map(Program::said).collect();
    broker.stop().await.unwrap();
    for (program, before) in programs.iter_mut().zip(said) {
        let says_so = |program: &Program| program.said() > before;
        program.runs_until("the sample says so", says_so).await;
    }
    broker.start_again().await.unwrap();
    Intruder::new(servers, &topics).writes_transition(&account, 3);
    for mut program in programs {
        program.took(&[(&account, 3)]).await;
        program.terminate().await;
    }
}
