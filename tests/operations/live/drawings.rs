//! Pictures of the dashboards; those in `docs/images` are made by `just draw-dashboards`.

use std::time::Duration;

use jiff::Timestamp;
use stackone_simulator::{
    AccountStatus as Status, CustomWebhook, Fault, FaultRule, Notify, Tamper,
};

use super::drawing::{Drawn, draw, name_of};
use super::prometheus::Series;
use super::stage::Stage;
use crate::dashboards::{self, Panel};
use crate::tools::in_repository;

/// How long something happens, in ticks of a fifth of a second.
const TICKS: u32 = 600;
/// The API is unavailable from the first to the second of these ticks.
const OUTAGE: (u32, u32) = (250, 325);

/// Accounts come, change and go; now and then a webhook is forged, missed or limited, and once the
/// API is unavailable.
async fn eventful(stage: &Stage) {
    let simulator = &stage.simulator;
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    for tick in 0..TICKS {
        ticks.tick().await;
        let account = stage.link();
        match tick % 10 {
            1 | 4 => simulator
                .refresh_credentials(&account, Notify::Send)
                .unwrap(),
            2 => simulator
                .set_status(&account, Status::Error, Vec::new(), Notify::Send)
                .unwrap(),
            3 => simulator.unlink(&account, Notify::Send).unwrap(),
            5 => drop(stage.link_and(Notify::Lose)),
            6 => {
                let webhook = CustomWebhook::new("account.updated", &account);
                drop(simulator.send_webhook(webhook.tampered(Tamper::Signature)));
            }
            _ => {}
        }
        if tick % 50 == 40 {
            let limited = FaultRule::next(1, Fault::too_many_requests(1));
            simulator.faults().set(limited).unwrap();
        }
        if tick == OUTAGE.0 {
            let unavailable = FaultRule::always(Fault::status(503));
            simulator.faults().set(unavailable).unwrap();
        } else if tick == OUTAGE.1 {
            simulator.faults().clear_all();
        }
    }
}

async fn drawn(stage: &Stage, panel: &Panel, from: f64, to: f64) -> Drawn {
    let mut lines = Vec::new();
    for (query, legend) in panel.queries.iter().zip(&panel.legends) {
        let found = stage.prometheus.query_range(query, from, to).await.unwrap();
        let named = |series: &Series| name_of(legend, &series.metric);
        lines.extend(found.into_iter().map(|series| (named(&series), series)));
    }
    Drawn {
        title: panel.title.clone(),
        unit: panel.unit.clone(),
        thresholds: panel.thresholds.clone(),
        lines,
    }
}

/// Draws every dashboard, as it has looked since `from`. Where `DRAW_DASHBOARDS` is set, something
/// happens for two minutes before, and the pictures are put into `docs/images`.
pub(super) async fn draw_all(stage: &Stage, from: Timestamp) -> Vec<String> {
    let is_asked_for = std::env::var_os("DRAW_DASHBOARDS").is_some();
    if is_asked_for {
        eventful(stage).await;
    }
    let seconds = |time: Timestamp| time.as_duration().as_secs_f64();
    let (from, to) = (seconds(from), seconds(Timestamp::now()));
    let mut pictures = Vec::new();
    for file in dashboards::names() {
        let mut panels = Vec::new();
        for panel in dashboards::panels_of(&file) {
            panels.push(drawn(stage, &panel, from, to).await);
        }
        let name = file.trim_end_matches(".json");
        let title = format!("{name}: {:.0} s of tests/operations", to - from);
        let picture = draw(&title, &panels, from, to - from);
        if is_asked_for {
            let folder = in_repository("docs/images");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(format!("{name}.svg")), &picture).unwrap();
        }
        pictures.push(picture);
    }
    pictures
}
