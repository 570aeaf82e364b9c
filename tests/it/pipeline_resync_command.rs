//! `stackone-processor resync`: webhooks that never came are healed by listing the accounts, and a
//! list that is stopped harms nothing.

use std::collections::HashMap;
use std::process::{Output, Stdio};

use harness::{Metrics, OTHER_PROJECT, PROJECT, Pipeline, WITHIN, eventually, story_of};
use stackone_link_wire::Topic;
use stackone_processor::config::Config;
use stackone_processor::resync::{self, ListProgress, ListSummary, ResyncError};
use stackone_simulator::{
    AccountId, AccountStatus as Status, Fault, FaultRule, NewAccount, Notify, Operation,
};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio_util::sync::CancellationToken;

use crate::pipeline_dead_letters::assert_conserved;

/// More than a page has.
const TWO_PAGES: usize = 120;

/// What the command does.
pub(crate) async fn resync(pipeline: &Pipeline) -> ListSummary {
    resync_until(pipeline, &CancellationToken::new(), |_| {})
        .await
        .unwrap()
}

/// The same, until it is told to stop.
async fn resync_until(
    pipeline: &Pipeline,
    stop: &CancellationToken,
    told: impl FnMut(ListProgress<'_>),
) -> Result<ListSummary, ResyncError> {
    let file = pipeline.processor_file("resync").unwrap();
    let config = Config::load(Some(&file), &HashMap::new()).unwrap();
    let projects = stackone_processor::application::projects(&config).unwrap();
    let settings = config.settings.resync();
    resync::run(&settings, projects.get(0).unwrap(), stop, told).await
}

async fn command(pipeline: &Pipeline, arguments: &[&str]) -> Output {
    pipeline.ended(&[&["resync"], arguments].concat()).await
}

/// What it says on stdout where it goes well.
async fn told(pipeline: &Pipeline, arguments: &[&str]) -> String {
    pipeline.told(&[&["resync"], arguments].concat()).await
}

fn link(pipeline: &Pipeline, tenant: usize, notify: Notify) -> AccountId {
    let new = NewAccount {
        notify,
        ..NewAccount::new("hibob", &format!("t{tenant}"), "Acme")
    };
    pipeline.simulator.link(&new).unwrap()
}

/// Waits until everything is decided, and to be read on the topic of states too, which the command
/// compares with.
async fn all_known(pipeline: &Pipeline, admin: &str) {
    assert_conserved(admin).await;
    pipeline.reader(Topic::State).read_all_committed().await;
}

async fn sum(admin: &str, name: &str) -> Result<f64, String> {
    let metrics = Metrics::of(admin).await;
    Ok(metrics.map_err(|error| error.to_string())?.sum(name))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_resync_says_what_is_listed_unchanged_queued_and_missing() {
    let mut pipeline = Pipeline::start("resync-command").await;
    pipeline.add_other_project();
    let processor = pipeline.processor("a").unwrap();
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let [_, _, degraded, unlinked] = [0, 1, 2, 3].map(|n| link(&pipeline, n, Notify::Send));
    lifecycle.events(4).await;
    all_known(&pipeline, &processor.admin).await;
    let lost = link(&pipeline, 4, Notify::Silent);
    let simulator = &pipeline.simulator;
    simulator
        .set_status(&degraded, Status::Error, Vec::new(), Notify::Silent)
        .unwrap();
    simulator.unlink(&unlinked, Notify::Silent).unwrap();

    let said = told(&pipeline, &["--project", PROJECT]).await;
    let summary =
        "complete: 4 accounts listed, 2 unchanged, 2 queued, 1 missing, 0 with an unusable";
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with(&format!("{PROJECT}: {summary}")), "{said}");
    let records = lifecycle.events(7).await;
    for (id, last) in [
        (&lost, "linked"),
        (&degraded, "degraded"),
        (&unlinked, "unlinked"),
    ] {
        let story = story_of(id.as_str(), records);
        assert_eq!(story.last(), Some(&format!("account.{last}")));
    }

    all_known(&pipeline, &processor.admin).await;
    let said = told(&pipeline, &[]).await;
    let expected = [
        format!("{PROJECT}: complete: 4 accounts listed, 4 unchanged, 0 queued, 0 missing"),
        format!("{OTHER_PROJECT}: complete: 0 accounts listed, 0 unchanged, 0 queued, 0 missing"),
    ];
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    for (line, expected) in lines.iter().zip(&expected) {
        assert!(line.starts_with(expected), "{said}");
    }

    let unknown = command(&pipeline, &["--project", "nobodys"]).await;
    let trouble = String::from_utf8_lossy(&unknown.stderr);
    assert_eq!(unknown.status.code(), Some(1), "{trouble}");
    assert!(
        trouble.contains("project nobodys is not configured"),
        "{trouble}"
    );
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resync_that_is_stopped_in_the_middle_harms_nothing() {
    let (pipeline, processor) = Pipeline::at_work("resync-stopped").await;
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let ids: Vec<AccountId> = (0..TWO_PAGES)
        .map(|n| link(&pipeline, n, Notify::Send))
        .collect();
    lifecycle.events(TWO_PAGES).await;
    all_known(&pipeline, &processor.admin).await;
    pipeline.simulator.unlink(&ids[0], Notify::Silent).unwrap();

    let (stop, mut listed) = (CancellationToken::new(), 0);
    let stopped = resync_until(&pipeline, &stop, |told| {
        if let ListProgress::Page { new, .. } = told {
            listed = new.len();
            stop.cancel();
        }
    });
    let stopped = stopped.await;
    assert!(
        matches!(stopped, Err(ResyncError::Interrupted)),
        "{stopped:?}"
    );
    assert_eq!(listed, 100);
    let unchanged =
        "stackone_processor_records_total{disposition=\"skipped\",reason=\"unchanged\"}";
    let taken_in = eventually("what it listed is taken in", WITHIN, async || {
        let seen = sum(&processor.admin, unchanged).await?;
        (seen > 99.5).then_some(()).ok_or_else(|| seen.to_string())
    });
    taken_in.await.unwrap();
    let differences = "stackone_processor_resync_differences_total";
    let found = sum(&processor.admin, differences).await.unwrap();
    assert!(found < 0.5, "{found} of an incomplete list");

    let whole = resync(&pipeline).await;
    assert_eq!((whole.listed, whole.is_complete), (119, true));
    let records = lifecycle
        .read_until(WITHIN, |records| records.len() > TWO_PAGES)
        .await;
    let story = story_of(ids[0].as_str(), records);
    assert_eq!(story, ["account.linked", "account.unlinked"]);
    let found = sum(&processor.admin, differences).await.unwrap();
    assert!((found - 1.0).abs() < 0.5, "{found} differences");
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_does_not_answer_is_told_at_once_with_address_cause_and_until_when() {
    let pipeline = Pipeline::start("resync-silent").await;
    let never = FaultRule::always(Fault::Drop).for_operation(Operation::List);
    pipeline.fault(never);
    let mut command = pipeline.command(&["resync"]);
    let mut running = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(running.stderr.take().unwrap()).lines();
    let address = format!("{PROJECT}: StackOne at {}", pipeline.simulator.api_url());
    let told = async {
        loop {
            let line = lines.next_line().await.unwrap();
            let line = line.unwrap_or_else(|| panic!("it ended without a word"));
            if line.starts_with(&address) {
                return line;
            }
        }
    };
    let line = tokio::time::timeout(WITHIN, told).await.unwrap();
    for word in [
        "unavailable: connection",
        "asks again in",
        "7 times in all, within",
    ] {
        assert!(line.contains(word), "{word}: {line}");
    }
    running.kill().await.unwrap();
    pipeline.stop().await.unwrap();
}
