//! Watches what the processor says about the records it has consumed, as Prometheus would.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::{Names, Spotlight};
use crate::observed::Notebook;
use crate::scrape::{self, Counts};
use crate::screen::{Line, Screen, Tone, Who};

/// How often the metrics are scraped.
const EVERY: Duration = Duration::from_millis(100);

pub(super) async fn watch(
    processor: SocketAddr,
    notebook: Notebook,
    spotlight: Spotlight,
    names: Names,
    screen: Screen,
) -> anyhow::Result<()> {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut shown = Counts::default();
    loop {
        ticks.tick().await;
        let found = scrape::counts(processor).await?;
        for (disposition, count) in &found.dispositions {
            let before = shown.dispositions.get(disposition).copied().unwrap_or(0);
            // What was emitted is seen by the subscribers.
            if *count > before && disposition != "emitted" {
                let account = if is_of_many(disposition) {
                    String::new()
                } else {
                    spotlight.label(&names)
                };
                screen.line(line(disposition, count - before, account));
            }
        }
        if found != shown {
            shown = found.clone();
            notebook.note(|observed| observed.processor = found);
        }
    }
}

/// What a resync lists is about every account, or about none.
fn is_of_many(disposition: &str) -> bool {
    ["skipped:marker", "skipped:unchanged"].contains(&disposition)
}

fn line(disposition: &str, records: u64, account: String) -> Line {
    let is_bad = disposition.starts_with("dead_lettered");
    Line {
        who: Who::Processor,
        what: if records == 1 {
            "no event".to_owned()
        } else {
            format!("no event ({records} records)")
        },
        account,
        verdict: disposition.replacen(':', ": ", 1),
        tone: if is_bad { Tone::Bad } else { Tone::Quiet },
    }
}
