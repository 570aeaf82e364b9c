//! Measures many accounts that wait under a budget.

use std::time::{Duration, Instant};

use crate::api;
use crate::load::Webhooks;
use crate::processor::{Options, Processor};
use crate::report::{Bound, Goal, Sample};
use crate::run::{Bench, Tell};

const ACCOUNTS: u32 = 100_000;
/// The accounts of a batch lookup, as in the defaults.
const BATCH: u32 = 50;
/// The budget in requests per minute: all accounts take a minute.
const BUDGET: u32 = 2_000;
const PARTITIONS: i32 = 12;
const GOAL: Goal = Goal {
    figure: "of the ideal",
    bound: Bound::AtMost,
    limit: 1.1,
};

pub(crate) fn measure(bench: &Bench, tell: Tell<'_>) -> anyhow::Result<()> {
    for _ in 0..bench.run.rounds {
        tell(once(bench)?)?;
    }
    Ok(())
}

fn once(bench: &Bench) -> anyhow::Result<Sample> {
    let place = bench.broker.place(PARTITIONS)?;
    let api = api::Serve {
        // The same ratio as of StackOne's 1,000 requests to the default of 900.
        limit: Some(BUDGET * 10 / 9),
        ..api::Serve::answering_in(Duration::from_millis(50), Duration::from_millis(50))
    };
    let api = api.start()?;
    let options = Options {
        requests_per_minute: BUDGET,
        ..Options::new(64)
    };
    let accounts = bench.sized(ACCOUNTS);
    let processor = Processor::start(&options, &place, &api.address)?;
    let began = Instant::now();
    Webhooks::new(&place)?.send_all(accounts, |number| number)?;
    let figures = processor.disposed(accounts, Duration::from_secs(600))?;
    let took = began.elapsed().as_secs_f64();
    let ideal = f64::from(accounts) / f64::from(BATCH) / f64::from(BUDGET) * 60.0;
    Ok(Sample {
        scenario: "budget",
        case: format!("{accounts} accounts, {BUDGET} requests a minute"),
        figures: vec![
            ("seconds", took),
            ("of the ideal", took / ideal),
            ("requests", figures.sum("api_requests_total")),
            (
                "429",
                figures.sum_where("api_requests_total", "rate_limited"),
            ),
            ("transactions", figures.sum("transactions_total")),
            ("RSS MiB", processor.child.mebibytes("VmHWM")?),
        ],
        goal: Some(GOAL),
    })
}
