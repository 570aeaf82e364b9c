//! `stackone-processor state list` and `state get` on the state topic of a pipeline.

use harness::Pipeline;
use serde_json::Value;
use stackone_link_wire::Topic;
use stackone_simulator::{AccountStatus as Status, NewAccount};

async fn list(pipeline: &Pipeline, arguments: &[&str]) -> String {
    pipeline
        .told(&[&["state", "list"], arguments].concat())
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn states_are_listed_as_a_table_or_as_json_and_selected_by_status_state_or_account() {
    let (pipeline, processor) = Pipeline::at_work("state-list").await;
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let [active, failing] = ["t0", "t1"].map(|tenant| {
        let new = NewAccount::new("hibob", tenant, "Acme");
        pipeline.simulator.link(&new).unwrap()
    });
    lifecycle.events(2).await;
    pipeline.becomes(&failing, Status::Error);
    lifecycle.events(3).await;
    processor.stop().await.unwrap();
    // The command reads no transaction that is still being ended on the topic of states.
    pipeline.reader(Topic::State).read_all_committed().await;

    let table = list(&pipeline, &[]).await;
    let lines: Vec<&str> = table.lines().collect();
    let is_row = |line: &&&str, cells: [&str; 6]| {
        let found: Vec<&str> = line.split_whitespace().take(6).collect();
        found == cells
    };
    assert!(lines[0].starts_with("ACCOUNT"), "{table}");
    for cells in [
        [active.as_str(), "active", "active", "1", "hibob", "t0"],
        [failing.as_str(), "degraded", "error", "2", "hibob", "t1"],
    ] {
        let rows = lines.iter().filter(|line| is_row(line, cells)).count();
        assert_eq!(rows, 1, "{cells:?} in {table}");
    }
    assert_eq!(lines.last(), Some(&"2 accounts"));
    assert_eq!(lines.len(), 4, "{table}");

    // As its status, and as its state.
    for wanted in ["error", "degraded"] {
        let json = list(&pipeline, &["--status", wanted, "--json"]).await;
        let states: Vec<Value> = json
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(states.len(), 1, "{json}");
        assert_eq!(states[0]["account_id"], failing.as_str());
        assert_eq!(states[0]["version"], 2);
    }
    let none = list(&pipeline, &["--status", "unlinked"]).await;
    assert!(none.ends_with("\n0 accounts\n"), "{none}");

    let get = ["state", "get", active.as_str(), "--json"];
    let shown: Value = serde_json::from_str(&pipeline.told(&get).await).unwrap();
    assert_eq!(
        (&shown["state"], &shown["version"]),
        (&"active".into(), &1.into())
    );
    let unknown = pipeline.ended(&["state", "get", "nobody"]).await;
    let trouble = String::from_utf8_lossy(&unknown.stderr);
    assert_eq!(unknown.status.code(), Some(1), "{trouble}");
    assert!(trouble.contains("account nobody has no state"), "{trouble}");
    pipeline.stop().await.unwrap();
}
