//! The states that `deploy/runbook.md` has copied to another topic.

use std::path::Path;

use harness::{Pipeline, unique_topics};

use super::typed::{Typed, kcat, typed};

/// Reads the copy, and compares it with what was read of the states; fails where the account is not
/// there.
const COMPARE: &str = "kcat -b BROKER -C -t stackone.account.state.v2 -e -q -K '\t' | sort > copied
sort states | diff - copied
grep --count '^ACCOUNT' copied";

/// Makes another topic, and has the runbook's names stand for it and for the test's.
pub(super) async fn prepare(pipeline: &Pipeline, folder: &Path) {
    let topics = unique_topics("documents-copy");
    let partitions = pipeline.settings.topic_layout.partitions + 1;
    let made = pipeline.broker.create_topics(&topics, partitions).await;
    made.unwrap();
    let names = [
        ("BROKER", pipeline.broker.bootstrap_servers()),
        ("stackone.account.state.v1", pipeline.topics.state.as_str()),
        ("stackone.account.state.v2", topics.state.as_str()),
    ];
    kcat(folder, &names);
}

/// The copy has the states that were read, and no more.
pub(super) async fn assert_are_whole(folder: &Path) {
    let Typed {
        output,
        error,
        code,
    } = typed(folder, COMPARE, &[]).await;
    assert_eq!(code, Some(0), "{output}\n{error}");
}
