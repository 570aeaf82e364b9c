//! `docs/try-it.md` and the beginning of `docs/embed.md`, step by step in one shell.

use std::collections::BTreeSet;
use std::fs::create_dir_all;
use std::os::unix::fs::symlink;
use std::path::Path;

use harness::{Broker, RunBy, free_port, shell_blocks};
use tempfile::TempDir;
use tokio::process::Command;

use super::typed::{Typed, program, typed};
use super::{CONNECT, INGEST, PROCESSOR};

/// Whoever leaves the steps in the middle leaves nothing running.
const AT_THE_END: &str = "trap 'kill $(jobs -p) 2> /dev/null || true' EXIT";
/// Programs that are not those of the tests, so that the steps have them built as well.
const BUILT: [&str; 1] = ["stackone-simulator"];
/// The addresses that the documents name, and the variable that moves who listens there.
const LISTENERS: [(&str, &str); 8] = [
    ("127.0.0.1:8080", "INGEST__SERVER__LISTEN"),
    ("127.0.0.1:8081", "INGEST__ADMIN__LISTEN"),
    ("127.0.0.1:8082", "PROCESSOR__ADMIN__LISTEN"),
    ("127.0.0.1:8084", "CONNECT__SERVER__LISTEN"),
    ("127.0.0.1:8085", "CONNECT__ADMIN__LISTEN"),
    ("127.0.0.1:9090", "SIMULATOR_API"),
    ("127.0.0.1:9091", "SIMULATOR_CONTROL"),
    ("127.0.0.1:3000", "BACKEND"),
];
/// What stands for a command whose program reads no such variable.
const MOVED: [(&str, &str); 2] = [
    (
        "stackone-simulator serve",
        "stackone-simulator serve --api-listen $SIMULATOR_API --control-listen $SIMULATOR_CONTROL",
    ),
    (
        "export CONNECT_TOKEN=",
        "export PORT=${BACKEND##*:} CONNECT_URL=http://$CONNECT__SERVER__LISTEN CONNECT_TOKEN=",
    ),
];

/// As many addresses as there are listeners, which nobody has now.
fn free_addresses() -> Vec<String> {
    let mut ports = BTreeSet::new();
    while ports.len() < LISTENERS.len() {
        ports.insert(free_port().unwrap());
    }
    let addresses = ports.iter().map(|port| format!("127.0.0.1:{port}"));
    addresses.collect()
}

/// The blocks of a document that are run in order.
fn steps(document: &str) -> Vec<String> {
    let of_document = shell_blocks().into_iter().filter(|block| {
        block.document == Path::new(document) && block.run_by == Some(RunBy::Shell)
    });
    of_document.map(|block| block.text).collect()
}

/// A page is embedded while the pipeline runs, so before the last step of the first document.
fn script(addresses: &[String]) -> String {
    let mut steps_of_all = vec![AT_THE_END.to_owned()];
    steps_of_all.extend(steps("docs/try-it.md"));
    let last = steps_of_all.pop().unwrap();
    steps_of_all.extend(steps("docs/embed.md"));
    steps_of_all.push(last);
    assert!(steps_of_all.len() >= 11, "{steps_of_all:?}");
    let mut script = steps_of_all.join("\n");
    for ((address, _), free) in LISTENERS.iter().zip(addresses) {
        script = script.replace(address, free);
    }
    for (command, moved) in MOVED {
        assert!(script.contains(command), "{command} is not in\n{script}");
        script = script.replace(command, moved);
    }
    script
}

/// Has cargo build what the first step does and the tests do not, and puts all programs where the
/// steps look for them.
async fn programs(folder: &Path) {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet"]);
    build.args(BUILT.iter().flat_map(|package| ["--package", package]));
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(build.status().await.unwrap().success());
    let built = Path::new(PROCESSOR).parent().unwrap();
    for package in BUILT {
        let path = built.join(package).display().to_string();
        program(folder, package, &path, None);
    }
    for (name, built) in [
        ("ingest", INGEST),
        ("processor", PROCESSOR),
        ("connect", CONNECT),
    ] {
        program(folder, &format!("stackone-{name}"), built, None);
    }
    create_dir_all(folder.join("target")).unwrap();
    symlink(folder.join("bin"), folder.join("target/debug")).unwrap();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../connect");
    symlink(examples, folder.join("connect")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_follows_the_steps_on_kafka_reads_the_event_and_embeds_the_page() {
    let broker = Broker::start().await;
    let folder = TempDir::new().unwrap();
    programs(folder.path()).await;
    let addresses = free_addresses();
    let names = LISTENERS.iter().map(|(_, variable)| *variable);
    let mut environment: Vec<_> = names.zip(addresses.iter().map(String::as_str)).collect();
    environment.push(("KAFKA", broker.bootstrap_servers()));
    let typed = typed(folder.path(), &script(&addresses), &environment).await;
    let Typed {
        output,
        error,
        code,
    } = typed;
    assert_eq!(code, Some(0), "{output}\n{error}");
    for seen in [
        "ready",
        "HTTP/1.1 200",
        "key      acc-1",
        "\"type\":\"account.linked\"",
        "\"client_token\":",
    ] {
        assert!(output.contains(seen), "{seen} is not in\n{output}\n{error}");
    }
}
