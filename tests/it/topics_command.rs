//! `stackone-processor topics plan | apply` on a broker that has no topics yet.

use std::path::Path;
use std::process::Output;

use harness::{Broker, ended, program, unique_topics};
use stackone_link_wire::Topic;
use tempfile::TempDir;
use tokio::process::Command;

use crate::operator::configure;

async fn topics(file: &Path, what: &str) -> Output {
    let mut command = Command::new(program("processor"));
    command.arg("--config").arg(file).args(["topics", what]);
    command.env("STACKONE_API_KEY", "v1.eu1.test");
    ended(command).await
}

/// What it says on stdout without its notes, and that it ends with this exit code. To configure one
/// setting of a topic gives the others the broker's value back, and how long dead letters are kept
/// then is noted.
async fn told(file: &Path, what: &str, code: i32) -> String {
    let output = topics(file, what).await;
    let trouble = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{trouble}");
    let told = String::from_utf8(output.stdout).unwrap();
    let lines = told.split_inclusive('\n');
    lines.filter(|line| !line.starts_with("note: ")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_names_what_is_missing_and_apply_makes_it_and_changes_nothing_else() {
    let (broker, topics) = (Broker::start().await, unique_topics("plan"));
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("processor.toml");
    let names = toml::to_string(&topics).unwrap();
    let servers = broker.bootstrap_servers();
    let config = format!(
        "[kafka]\nbootstrap_servers = \"{servers}\"\n[topic_layout]\npartitions = 2\nreplication = 1\n[topics]\n{names}"
    );
    std::fs::write(&file, config).unwrap();

    let plan = told(&file, "plan", 1).await;
    assert_eq!(plan.lines().count(), Topic::ALL.len(), "{plan}");
    for topic in Topic::ALL {
        assert!(plan.contains(topics.name(topic)), "{plan}");
    }
    assert_eq!(told(&file, "plan", 1).await, plan, "a plan makes nothing");

    let applied = told(&file, "apply", 0).await;
    for topic in Topic::ALL {
        let made = format!("made {} (2 partitions, 1 replica)", topics.name(topic));
        assert!(applied.contains(&made), "{applied}");
    }
    let in_order = format!(
        "all {} topics are there and set up as they must be\n",
        Topic::ALL.len()
    );
    assert!(applied.ends_with(&in_order), "{applied}");
    assert_eq!(told(&file, "plan", 0).await, in_order);
    assert_eq!(told(&file, "apply", 0).await, in_order, "made once");

    let letters = topics.name(Topic::DeadLetter);
    configure(&broker, letters, "max.message.bytes", "1048588").await;
    let wrong = told(&file, "plan", 1).await;
    let size = format!("topic {letters} has max.message.bytes=1048588; it must be at least ");
    assert!(
        wrong.starts_with(&size) && wrong.lines().count() == 1,
        "{wrong}"
    );
    configure(&broker, letters, "max.message.bytes", "2097152").await;
    assert_eq!(told(&file, "plan", 0).await, in_order);

    let state = topics.name(Topic::State);
    configure(&broker, state, "cleanup.policy", "delete").await;
    let wrong = told(&file, "plan", 1).await;
    let policy = format!("topic {state} has cleanup.policy=delete; it must be compact");
    assert!(wrong.lines().any(|line| line == policy), "{wrong}");
    assert!(wrong.lines().all(|line| line.contains(state)), "{wrong}");
    assert_eq!(told(&file, "apply", 1).await, wrong, "nothing is changed");
}
