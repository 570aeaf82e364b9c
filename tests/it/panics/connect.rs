//! Connect: a connection's panic costs the connection, a task's the service, in good order.

use stackone_connect::tasks;
use stackone_link_process::spawn::Name;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::task::{JoinSet, LocalSet};

use super::{Program, certificate_and_key, get, metrics, serves};

/// Connect, whose broker never answers.
fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connect-under-test"));
    command
        .env_clear()
        .env("STACKONE_CONNECT_TOKEN_KEY", "k".repeat(32))
        .env("STACKONE_CONNECT_API_KEY", "a-key")
        .env("CONNECT__SERVER__LISTEN", "127.0.0.1:0")
        .env("CONNECT__SERVER__HEADER_DEADLINE", "3m")
        .env("CONNECT__ADMIN__LISTEN", "127.0.0.1:0")
        .env("CONNECT__KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
        .env("CONNECT__SHUTDOWN__DRAIN_DELAY", "0s");
    command
}

/// What runs for as long as the service does, and what it waits for.
const BACKGROUND: [Name; 10] = [
    tasks::PUBLIC_LISTENER,
    tasks::ADMIN_LISTENER,
    tasks::FACTS,
    tasks::STATES,
    tasks::SETTLER,
    tasks::KAFKA_RENEWAL,
    tasks::RENEWAL,
    tasks::SECRET_RELOAD,
    tasks::SECRETS,
    tasks::FLUSH,
];
/// What serves connections.
const SERVING: [Name; 3] = [tasks::CONNECTION, tasks::REQUEST, tasks::ADMIN_REQUEST];
/// What reads the certificate.
const CERTIFICATE: [Name; 2] = [tasks::CERTIFICATE_RELOAD, tasks::CERTIFICATE];

/// Has one panic at its first work, or at a stop.
async fn ends_in_good_order(mut command: Command, name: Name) {
    let folder = TempDir::new().unwrap();
    if CERTIFICATE.contains(&name) {
        let [certificate, key] = certificate_and_key(&folder);
        command
            .env("CONNECT__SERVER__TLS__CERTIFICATE_FILE", certificate)
            .env("CONNECT__SERVER__TLS__PRIVATE_KEY_FILE", key);
    }
    let mut connect = Program::start(command, name.as_str(), None);
    if name == tasks::FLUSH {
        serves(&mut connect).await;
        connect.process.signal("TERM").await;
    }
    let code = connect.ends().await;
    assert_eq!(code, 1, "{name}: {}", connect.log());
    let log = connect.log();
    let last = log.lines().last().unwrap();
    assert!(last.starts_with("stackone-connect: "), "{name}: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_of_connect_that_panics_ends_it_in_good_order() {
    // At once: each waits for Kafka, which is not there, before it ends.
    let all = async {
        let mut panicking = JoinSet::new();
        for name in BACKGROUND.into_iter().chain(CERTIFICATE) {
            panicking.spawn_local(ends_in_good_order(command(), name));
        }
        panicking.join_all().await;
    };
    LocalSet::new().run_until(all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_of_a_request_costs_its_connection_to_connect_and_is_counted() {
    for name in SERVING {
        let mut connect = Program::start(command(), name.as_str(), Some(1));
        let (public, admin) = serves(&mut connect).await;
        let (asked, path) = if name == tasks::ADMIN_REQUEST {
            (admin, "/livez")
        } else {
            (public, "/v1/link-sessions")
        };
        assert_eq!(get(asked, path).await, None, "{name}");
        assert!(get(asked, path).await.is_some(), "{name}");
        let panics = metrics(admin).await.get("stackone_connect_panics_total");
        assert!((panics - 1.0).abs() < 0.5, "{name}: {panics}");
    }
}

/// Each name of the registry is one that some test above panics in.
#[test]
fn each_thread_and_task_that_connect_starts_has_its_panic_tested() {
    let mut tested = [&BACKGROUND[..], &SERVING, &CERTIFICATE].concat();
    let mut registered = tasks::ALL.to_vec();
    tested.sort_unstable();
    registered.sort_unstable();
    assert_eq!(tested, registered);
}
