//! 10,000 webhooks of one partition, as parallel-consumer's table has them.

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
/// With merging off at 1,000 accounts.
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
    let began = Instant::now();
    let events = bench.sized(EVENTS);
    webhooks.send_all(events, |number| number % accounts)?;
    let figures = processor.disposed(events, Duration::from_secs(120))?;
    let took = began.elapsed().as_secs_f64();
    let merging = if without_merging { "off" } else { "on" };
    Ok(Sample {
        scenario: "merging",
        case: format!("{accounts} accounts, merging {merging}"),
        figures: vec![
            ("seconds", took),
            ("lookups", figures.sum("lookups_total")),
            ("events", figures.sum("events_emitted_total")),
            ("transactions", figures.sum("transactions_total")),
            (
                "ms a transaction",
                1000.0 * figures.sum("transaction_duration_seconds_sum")
                    / figures.sum("transaction_duration_seconds_count"),
            ),
        ],
        goal: (accounts == 1_000 && without_merging).then_some(GOAL),
    })
}
