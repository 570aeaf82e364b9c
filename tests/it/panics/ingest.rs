//! Ingest: a connection's panic costs the connection, a task's the service, in good order.

use std::net::SocketAddr;

use harness::{SECRET, WITHIN, eventually, ingest_command, metric_is};
use stackone_ingest::tasks;
use stackone_link_process::spawn::Name;
use stackone_link_wire::Topics;
use stackone_simulator::{SIGNATURE_HEADER, sign};
use tempfile::TempDir;
use tokio::process::Command;

use super::{Program, certificate_and_key, get, metrics, serves, status};

/// Panics in a row, before memory is looked at and after.
const WARM: usize = 200;
const MORE: usize = 1000;
/// What memory may have grown by in the second row. Half a kilobyte of each would be as much.
const ROOM: usize = 512 * 1024;

/// Ingest, whose broker never answers.
fn command(settings: &[(&str, &str)]) -> Command {
    let mut command = ingest_command("127.0.0.1:1", &Topics::default(), settings);
    command
        .env("INGEST__PUBLISH__ACK_DEADLINE", "600ms")
        .env("INGEST__PUBLISH__STALL_AFTER", "700ms")
        .env("INGEST__SHUTDOWN__DRAIN_DELAY", "0s");
    command
}

/// Posts a webhook.
async fn post(public: SocketAddr) -> Option<u16> {
    let body = r#"{"event":"account.created","account_id":"a"}"#;
    let signature = sign(SECRET.as_bytes(), body.as_bytes());
    let request = format!(
        "POST /webhooks/stackone/default HTTP/1.1\r\nhost: {public}\r\nconnection: close\r\n\
         {SIGNATURE_HEADER}: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    status(public, &request).await
}

async fn counted(admin: SocketAddr) -> f64 {
    metrics(admin).await.get("stackone_ingest_panics_total")
}

fn resident_bytes(program: &Program) -> usize {
    let id = program.process.id().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<usize>().unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_panics_of_a_handler_cost_their_connections_and_nothing_else() {
    let settings = [("INGEST__SERVER__MAX_CONNECTIONS_PER_PEER", "50")];
    let name = tasks::REQUEST.as_str();
    let mut ingest = Program::start(command(&settings), name, Some(WARM + MORE));
    let (public, admin) = serves(&mut ingest).await;
    let mut warm = 0;
    for number in 0..WARM + MORE {
        assert_eq!(post(public).await, None, "request {number}");
        if number == WARM {
            warm = resident_bytes(&ingest);
        }
    }
    let grown = resident_bytes(&ingest).saturating_sub(warm);
    assert!(grown < ROOM, "{grown} bytes more than {warm}");
    assert_eq!(post(public).await, Some(503), "the broker is silent");
    let panics = f64::from(u32::try_from(WARM + MORE).unwrap());
    assert!((counted(admin).await - panics).abs() < 0.5);
    assert_eq!(ingest.log().matches("\"panicked\"").count(), WARM + MORE);
    // The last one's client sees its end before it is counted.
    let (admin, open) = (
        format!("http://{admin}"),
        "stackone_ingest_connections_open",
    );
    let none_is_open = metric_is(&admin, open, |open| open < 0.5);
    none_is_open.await.unwrap();
    ingest.process.signal("TERM").await;
    assert_eq!(ingest.ends().await, 0, "{}", ingest.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_costs_an_operator_the_answer_and_is_counted() {
    let name = tasks::ADMIN_REQUEST.as_str();
    let mut ingest = Program::start(command(&[]), name, Some(3));
    let (_, admin) = serves(&mut ingest).await;
    for _ in 0..3 {
        assert_eq!(get(admin, "/livez").await, None);
    }
    assert_eq!(get(admin, "/livez").await, Some(200));
    assert!((counted(admin).await - 3.0).abs() < 0.5);
}

/// What runs for as long as the service does, and what it waits for.
const BACKGROUND: [Name; 11] = [
    tasks::PUBLIC_LISTENER,
    tasks::ADMIN_LISTENER,
    tasks::KAFKA_CHECK,
    tasks::MISSING_TOPICS,
    tasks::TOPIC_SIZES,
    tasks::WATCHDOG,
    tasks::KAFKA_RENEWAL,
    tasks::RENEWAL,
    tasks::SECRET_RELOAD,
    tasks::SECRETS,
    tasks::FLUSH,
];

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_panics_ends_the_service_in_good_order() {
    for name in BACKGROUND {
        let mut ingest = Program::start(command(&[]), name.as_str(), None);
        if name == tasks::FLUSH {
            serves(&mut ingest).await;
            ingest.process.signal("TERM").await;
        }
        let code = ingest.ends().await;
        assert_eq!(code, 1, "{name}: {}", ingest.log());
        let log = ingest.log();
        let last = log.lines().last().unwrap();
        assert!(last.starts_with("stackone-ingest: "), "{name}: {log}");
    }
}

/// The watchdog is told, and tries again.
#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_makes_a_producer_anew_may_panic_and_the_next_one_makes_it() {
    for name in [tasks::REBUILD, tasks::RETIRE] {
        let mut ingest = Program::start(command(&[]), name.as_str(), Some(1));
        let (public, admin) = serves(&mut ingest).await;
        let again = eventually("producers are made anew", WITHIN, async || {
            assert_eq!(post(public).await, Some(503), "{name}");
            let retired = ingest.names();
            let retired = retired
                .iter()
                .filter(|name| *name == tasks::RETIRE.as_str());
            (retired.count() >= 2)
                .then_some(())
                .ok_or_else(|| ingest.log())
        });
        again.await.unwrap();
        assert!(ingest.log().contains("on purpose"), "{name}");
        assert!(counted(admin).await < 0.5, "no connection's panic");
        ingest.process.signal("TERM").await;
        assert_eq!(ingest.ends().await, 0, "{name}: {}", ingest.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_while_a_certificate_is_read_ends_the_service() {
    let folder = TempDir::new().unwrap();
    let [certificate, key] = certificate_and_key(&folder);
    let settings = [
        (
            "INGEST__SERVER__TLS__CERTIFICATE_FILE",
            certificate.as_str(),
        ),
        ("INGEST__SERVER__TLS__PRIVATE_KEY_FILE", key.as_str()),
    ];
    for name in [tasks::CERTIFICATE_RELOAD, tasks::CERTIFICATE] {
        let mut ingest = Program::start(command(&settings), name.as_str(), None);
        assert_eq!(ingest.ends().await, 1, "{name}: {}", ingest.log());
    }
}

/// It is the connection's: the handshake, and what is said before a request.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_before_a_request_costs_the_connection() {
    let name = tasks::CONNECTION.as_str();
    let mut ingest = Program::start(command(&[]), name, Some(1));
    let (public, admin) = serves(&mut ingest).await;
    assert_eq!(post(public).await, None);
    assert_eq!(post(public).await, Some(503));
    assert!((counted(admin).await - 1.0).abs() < 0.5);
}

/// Each name of the registry is one that some test above panics in.
#[test]
fn each_thread_and_task_that_ingest_starts_has_its_panic_tested() {
    let others = [
        tasks::REQUEST,
        tasks::ADMIN_REQUEST,
        tasks::CONNECTION,
        tasks::REBUILD,
        tasks::RETIRE,
        tasks::CERTIFICATE_RELOAD,
        tasks::CERTIFICATE,
    ];
    let mut tested = [&BACKGROUND[..], &others].concat();
    let mut registered = tasks::ALL.to_vec();
    tested.sort_unstable();
    registered.sort_unstable();
    assert_eq!(tested, registered);
}
