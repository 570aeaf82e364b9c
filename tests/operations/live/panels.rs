//! Every panel of every dashboard has data after the pipeline has done what it does.

use harness::{WITHIN, eventually};
use jiff::Timestamp;

use super::drawings::draw_all;
use super::prometheus::Rules;
use super::stage::Stage;
use super::story::story;
use crate::dashboards::{self, Panel};
use crate::tools::is_there;

/// Waits until each query of a panel gives numbers, and something other than the 0 of `or
/// vector(0)` where that is asked.
async fn has_data(stage: &Stage, panel: &Panel) {
    for query in &panel.queries {
        let awaited = format!("{}: {query}", panel.title);
        let found = eventually(&awaited, WITHIN, async || {
            let samples = stage.prometheus.query(query).await?;
            let number = samples.iter().find(|sample| sample.value.1 != "NaN");
            number.map(drop).ok_or_else(|| format!("{samples:?}"))
        });
        found.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_panel_has_data_once_the_pipeline_has_done_what_it_does() {
    if !is_there("prometheus") {
        return;
    }
    let stage = Stage::set("panels", Rules::AsShipped).await;
    let began = Timestamp::now();
    story(&stage).await;
    // Rates are of the last seconds, so webhooks go on coming.
    let looking = async {
        for panel in dashboards::all_panels() {
            has_data(&stage, &panel).await;
        }
    };
    stage.while_webhooks_come(looking).await;
    let (pictures, panels) = (
        draw_all(&stage, began).await,
        dashboards::all_panels().len(),
    );
    let drawn: usize = pictures.iter().map(|svg| svg.matches("<g ").count()).sum();
    assert_eq!((pictures.len(), drawn), (3, panels));
    stage.simulator.shutdown().await;
}
