//! Measures how close the rate of lookups comes to what their number and the API's time allow.

use std::thread;
use std::time::{Duration, Instant};

use crate::api;
use crate::load::Webhooks;
use crate::processor::{Options, Processor, STEP};
use crate::report::{Bound, Goal, Sample};
use crate::run::{Bench, Tell};

const ACCOUNTS: u32 = 50_000;
const IN_FLIGHT: usize = 256;
const ANSWER: Duration = Duration::from_millis(50);
const PARTITIONS: i32 = 12;
const GOAL: Goal = Goal {
    figure: "of the limit",
    bound: Bound::AtLeast,
    limit: 0.95,
};

pub(crate) fn measure(bench: &Bench, tell: Tell<'_>) -> anyhow::Result<()> {
    for _ in 0..bench.run.rounds {
        tell(once(bench)?)?;
    }
    Ok(())
}

fn once(bench: &Bench) -> anyhow::Result<Sample> {
    let place = bench.broker.place(PARTITIONS)?;
    let api = api::Serve::answering_in(ANSWER, ANSWER).start()?;
    let options = Options::one_by_one(IN_FLIGHT);
    let accounts = bench.sized(ACCOUNTS);
    Webhooks::new(&place)?.send_all(accounts, |number| number)?;
    let processor = Processor::start(&options, &place, &api.address)?;
    let (first, from) = reached(&processor, f64::from(accounts) * 0.1)?;
    let (last, to) = reached(&processor, f64::from(accounts) * 0.9)?;
    let figures = processor.disposed(accounts, Duration::from_secs(60))?;
    let per_second = (last - first) / (to - from).as_secs_f64();
    Ok(Sample {
        scenario: "concurrency",
        case: "50 ms, 256 at a time".to_owned(),
        figures: vec![
            ("lookups/s", per_second),
            (
                "of the limit",
                per_second * ANSWER.as_secs_f64() / f64::from(u32::try_from(IN_FLIGHT)?),
            ),
            (
                "ms a request",
                1000.0 * figures.sum("api_request_duration_seconds_sum")
                    / figures.sum("api_request_duration_seconds_count"),
            ),
            ("transactions", figures.sum("transactions_total")),
            (
                "ms a transaction",
                1000.0 * figures.sum("transaction_duration_seconds_sum")
                    / figures.sum("transaction_duration_seconds_count"),
            ),
        ],
        goal: Some(GOAL),
    })
}

/// Waits for this many lookups. Returns how many there were, and when.
fn reached(processor: &Processor, lookups: f64) -> anyhow::Result<(f64, Instant)> {
    loop {
        let made = processor.figures()?.sum("lookups_total");
        let now = Instant::now();
        if made >= lookups {
            return Ok((made, now));
        }
        anyhow::ensure!(
            now - processor.started < Duration::from_secs(120),
            "only {made} lookups in two minutes"
        );
        thread::sleep(STEP);
    }
}
