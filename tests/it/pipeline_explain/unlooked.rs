//! What cannot be looked at, or not even be asked.

use harness::Pipeline;
use serde_json::Value;

use super::{command, ended, text, told};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_account_id_is_refused_before_anybody_is_asked() {
    let pipeline = Pipeline::start("explain-usage").await;
    for arguments in [
        &["../a"][..],
        &["a", "--since", "soon"],
        &["a", "--project", "p"],
    ] {
        let output = ended(command(&pipeline, arguments)).await;
        let (told, code) = (text(&output.stderr), output.status.code());
        assert_eq!(
            (code, text(&output.stdout).as_str()),
            (Some(2), ""),
            "{told}"
        );
    }
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_everything_is_said_to_be_unseen_with_address_and_cause() {
    let pipeline = Pipeline::start("explain-away").await;
    for arguments in [&["a"][..], &["a", "--json"]] {
        let mut command = command(&pipeline, arguments);
        command.env("PROCESSOR__KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1");
        let output = ended(command).await;
        let (told, said) = (text(&output.stderr), text(&output.stdout));
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("for a broker at 127.0.0.1:1"), "{told}");
        let unseen = "not looked at: state, triggers, dead letters, unrecognized";
        assert!(told.contains(unseen), "{told}");
        let causes = said.matches("no broker answers at 127.0.0.1:1").count();
        assert_eq!(causes, 4, "{said}");
        if arguments.contains(&"--json") {
            let document: Value = serde_json::from_str(&said).unwrap();
            assert_eq!(document["standing"], "unknown");
            assert_eq!(document["triggers"], Value::Null);
        }
    }
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_asking_stackone_needs_the_api_key_and_a_project() {
    let pipeline = Pipeline::start("explain-key").await;
    let ask = ["a", "--ask", "--project", "nobodys"];
    let output = ended(command(&pipeline, &ask)).await;
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("project nobodys is not configured"), "{said}");

    let key = pipeline.settings.projects[0].api_key_file.as_ref().unwrap();
    std::fs::remove_file(key).unwrap();
    let output = ended(command(&pipeline, &["a"])).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let output = ended(command(&pipeline, &["a", "--ask"])).await;
    let told_why = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told_why}");
    assert!(told_why.contains("project.key"), "{told_why}");
    assert!(told(&pipeline, &["a"]).await.contains("account a,"));
    pipeline.stop().await.unwrap();
}
