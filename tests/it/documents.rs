//! The commands that documents tell people to type, typed: those of operators on a pipeline that
//! runs, and those of `docs/try-it.md` from the first to the last in one shell.

#[cfg(feature = "container")]
mod copies;
#[cfg(feature = "container")]
mod in_order;
mod typed;

use std::path::Path;

use harness::{Broker, Pipeline, RunBy, SECRET, ShellBlock, WITHIN, shell_blocks, states};
use stackone_link_wire::Topic;
use stackone_simulator::NewAccount;
use tempfile::TempDir;

use typed::{Typed, program, typed};

const INGEST: &str = env!("CARGO_BIN_EXE_ingest-under-test");
const PROCESSOR: &str = env!("CARGO_BIN_EXE_processor-under-test");
const CONNECT: &str = env!("CARGO_BIN_EXE_connect-under-test");
/// What the documents call an account; ours has this id.
const ACCOUNT: &str = "ACCOUNT";
/// What they call the processor's configuration.
const FILES: [&str; 2] = ["FILE", "processor.toml"];

/// The blocks that run here: on the embedded broker not those that want Kafka.
fn blocks(broker: &Broker) -> Vec<ShellBlock> {
    let is_ours = |block: &ShellBlock| match &block.run_by {
        Some(RunBy::Pipeline) => true,
        Some(RunBy::Kafka) => broker.is_real(),
        Some(RunBy::Shell | RunBy::Recipes(_) | RunBy::Nobody(_)) | None => false,
    };
    shell_blocks().into_iter().filter(is_ours).collect()
}

/// A pipeline with one account, which is confirmed.
async fn with_an_account(pipeline: &Pipeline) {
    let new = NewAccount {
        id: Some(ACCOUNT.into()),
        ..NewAccount::new("hibob", "t", "Acme")
    };
    pipeline.simulator.link(&new).unwrap();
    let mut topic = pipeline.reader(Topic::State);
    let is_confirmed = |records: &[_]| {
        let of_account = states(records).remove(ACCOUNT);
        of_account.is_some_and(|state| state.version == 1 && state.pending.is_none())
    };
    topic.read_until(WITHIN, is_confirmed).await;
}

/// The processor's configuration by the names that documents give it.
fn write_processor_files(pipeline: &Pipeline, folder: &Path) {
    let file = pipeline.processor_file("documents").unwrap();
    for name in FILES {
        std::fs::copy(&file, folder.join(name)).unwrap();
    }
}

fn write_connect_file(pipeline: &Pipeline, folder: &Path) {
    let servers = pipeline.broker.bootstrap_servers();
    let topics = toml::to_string(&pipeline.topics).unwrap();
    let url = pipeline.simulator.api_url();
    let text = format!(
        "[kafka]\nbootstrap_servers = '{servers}'\n[topics]\n{topics}\n[[projects]]\n\
         base_url = '{url}'\napi_key_env = 'CONNECT_KEY'\n"
    );
    std::fs::write(folder.join("connect.toml"), text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_documents_tell_operators_to_type_is_done_without_an_error() {
    let (pipeline, processor) = Pipeline::at_work("documents").await;
    with_an_account(&pipeline).await;
    let folder = TempDir::new().unwrap();
    write_processor_files(&pipeline, folder.path());
    write_connect_file(&pipeline, folder.path());
    let [processor_file, connect_file] =
        [FILES[0], "connect.toml"].map(|name| folder.path().join(name));
    for (name, built, file) in [
        ("ingest", INGEST, pipeline.ingest_file()),
        ("processor", PROCESSOR, processor_file),
        ("connect", CONNECT, connect_file),
    ] {
        let name = format!("stackone-{name}");
        program(folder.path(), &name, built, Some(&file));
    }
    #[cfg(feature = "container")]
    copies::prepare(&pipeline, folder.path()).await;
    let admin = processor.admin.trim_start_matches("http://");
    let environment = [
        ("STACKONE_WEBHOOK_SECRET", SECRET),
        ("CONNECT_KEY", harness::API_KEY),
        (
            "STACKONE_CONNECT_TOKEN_KEY",
            "a key of 32 bytes, for tests only",
        ),
        ("PROCESSOR__ADMIN__LISTEN", admin),
    ];
    let blocks = blocks(&pipeline.broker);
    assert!(blocks.len() >= 4, "{} blocks", blocks.len());
    for block in blocks {
        let Typed {
            output,
            error,
            code,
        } = typed(folder.path(), &block.text, &environment).await;
        assert_eq!(code, Some(0), "{}:\n{output}\n{error}", block.place());
    }
    #[cfg(feature = "container")]
    copies::assert_are_whole(folder.path()).await;
    processor.stop_with(pipeline).await;
}
