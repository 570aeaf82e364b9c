//! Watches what the accounts API is asked. The simulator counts requests and does not list them, so
//! a line tells how many had one answer since the last look.

use std::collections::BTreeMap;
use std::time::Duration;

use stackone_simulator::{ApiRequestCount, Operation, Simulator};

use super::{Names, Spotlight};
use crate::screen::{Line, Screen, Tone, Who};

/// How often the counts are looked at.
const EVERY: Duration = Duration::from_millis(20);

pub(super) async fn watch(
    simulator: Simulator,
    spotlight: Spotlight,
    names: Names,
    screen: Screen,
) -> anyhow::Result<()> {
    let mut shown = BTreeMap::new();
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        // Others are not the processor's.
        let is_of_processor = |counted: &ApiRequestCount| {
            matches!(counted.operation, Operation::Get | Operation::List)
        };
        for counted in simulator.api_requests().into_iter().filter(is_of_processor) {
            let kind = (counted.operation, counted.status);
            let before = shown.insert(kind, counted.count).unwrap_or(0);
            if counted.count > before {
                let line = line(kind, counted.count - before);
                screen.line(if kind.0 == Operation::List {
                    Line {
                        who: Who::Resync,
                        ..line
                    }
                } else {
                    Line {
                        account: spotlight.label(&names),
                        verdict: format!("{}{}", line.verdict, status(kind.1, &spotlight, &names)),
                        ..line
                    }
                });
            }
        }
    }
}

/// What the account is, where a lookup found it.
fn status(answer: u16, spotlight: &Spotlight, names: &Names) -> String {
    let account = spotlight.account().filter(|_| answer == 200);
    let status = account.and_then(|id| names.status(&id));
    status.map_or_else(String::new, |status| format!(", status {status}"))
}

fn line((operation, status): (Operation, u16), requests: u64) -> Line {
    let request = if operation == Operation::List {
        "GET /accounts, a page"
    } else {
        "GET /accounts/{id}"
    };
    let times = if requests == 1 {
        String::new()
    } else {
        format!("{requests} × ")
    };
    let (tone, verdict) = match status {
        200 => (Tone::Quiet, "200".to_owned()),
        404 => (Tone::Quiet, "404, there is no such account".to_owned()),
        429 => (Tone::Bad, "429, asked again when it says".to_owned()),
        0 => (Tone::Bad, "no answer".to_owned()),
        other => (Tone::Bad, other.to_string()),
    };
    Line {
        who: Who::Processor,
        what: format!("{times}{request}"),
        account: String::new(),
        verdict,
        tone,
    }
}
