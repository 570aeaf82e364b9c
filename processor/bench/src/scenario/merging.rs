//! Measures 10,000 webhooks of one partition, as in parallel-consumer's table.

use std::time::{Duration, Instant};

use crate::api;
use crate::load::Webhooks;
use crate::processor::{Options, Processor};
use crate::report::{Bound, Goal, Sample};
use crate::run::{Bench, Tell};

const EVENTS: u32 = 10_000;
const ACCOUNTS: [u32; 3] = [10, 1_000, 10_000];
const IN_FLIGHT: usize = 100;
const SLOWEST: Duration = Duration::from_millis(5);
const WITHIN: Duration = Duration::from_secs(120);
/// The goal without merging, for 1,000 accounts.
const GOAL: Goal = Goal {
    figure: "seconds",
    bound: Bound::AtMost,
    limit: 1.0,
};

pub(crate) fn measure(bench: &Bench, tell: Tell<'_>) -> anyhow::Result<()> {
    for _ in 0..bench.run.rounds {
        for accounts in ACCOUNTS {
            for without_merging in [false, true] {
                tell(once(bench, accounts, without_merging)?)?;
            }
        }
    }
    Ok(())
}

fn once(bench: &Bench, accounts: u32, without_merging: bool) -> anyhow::Result<Sample> {
    let place = bench.broker.place(1)?;
    let api = api::Serve::answering_in(Duration::ZERO, SLOWEST).start()?;
    let options = Options {
        without_merging,
        ..Options::one_by_one(IN_FLIGHT)
    };
    let processor = Processor::start(&options, &place, &api.address)?;
    let webhooks = Webhooks::new(&place)?;
    // A client asks for the records of a new partition up to a second later; after that it waits
    // for them.
    webhooks.send_all(1, |_first| accounts)?;
    let before = processor.disposed(1, WITHIN)?;
    let began = Instant::now();
    let events = bench.sized(EVENTS);
    webhooks.send_all(events, |number| number % accounts)?;
    let figures = processor.disposed(events + 1, WITHIN)?;
    let took = began.elapsed().as_secs_f64();
    let sum = |name| figures.sum(name) - before.sum(name);
    let merging = if without_merging { "off" } else { "on" };
    Ok(Sample {
        scenario: "merging",
        case: format!("{accounts} accounts, merging {merging}"),
        figures: vec![
            ("seconds", took),
            ("lookups", sum("lookups_total")),
            ("events", sum("events_emitted_total")),
            ("transactions", sum("transactions_total")),
            (
                "ms a transaction",
                1000.0 * sum("transaction_duration_seconds_sum")
                    / sum("transaction_duration_seconds_count"),
            ),
        ],
        goal: (accounts == 1_000 && without_merging).then_some(GOAL),
    })
}
