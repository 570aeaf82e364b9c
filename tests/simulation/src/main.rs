//! The command: plays histories (`stackone-simulation [N] [SECONDS]`, from seed 1 on or from
//! `FIRST=1001`), tells one (`SEED=7`) or one that was written down (`HISTORY=file`), hashes some
//! (`hashes N`), or finds planted faults (`planted N`). Exits with 1 where a rule was broken, and
//! with 2 for what cannot be read.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use stackone_simulation::history::History;
use stackone_simulation::play::{play, play_many};
use stackone_simulation::shrink::shrink;
use stackone_simulation::simulation::Simulation;
use stackone_simulation::time::SECOND;

/// How long a history may take to be made smaller.
const SHRINK: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let Ok(seed) = std::env::var("SEED") {
        return seed
            .parse()
            .map_or_else(|_| unreadable("SEED"), |seed| tell(&History::of(seed)));
    }
    if let Ok(file) = std::env::var("HISTORY") {
        let text = std::fs::read_to_string(&file).ok();
        let history = text.and_then(|text| serde_json::from_str(&text).ok());
        return history.map_or_else(|| unreadable(&file), |history| tell(&history));
    }
    let number = |text: &str| text.parse::<u64>().ok();
    match arguments.as_slice() {
        [] => many(1_000, 120),
        ["hashes", count] => number(count).map_or_else(|| unreadable(count), hashes),
        #[cfg(feature = "planted-faults")]
        ["planted", count] => number(count).map_or_else(|| unreadable(count), planted::find_all),
        [count] => number(count).map_or_else(|| unreadable(count), |count| many(count, 120)),
        [count, seconds] => match (number(count), number(seconds)) {
            (Some(count), Some(seconds)) => many(count, seconds),
            _ => unreadable(count),
        },
        _ => unreadable("arguments"),
    }
}

fn say(line: &str) {
    drop(writeln!(std::io::stdout(), "{line}"));
}

fn unreadable(what: &str) -> ExitCode {
    drop(writeln!(std::io::stderr(), "{what} cannot be read"));
    ExitCode::from(2)
}

fn many(count: u64, seconds: u64) -> ExitCode {
    let Ok(first) = std::env::var("FIRST").map_or(Ok(1), |first| first.parse()) else {
        return unreadable("FIRST");
    };
    let sum = play_many(first, count, Duration::from_secs(seconds));
    for (seed, at, broken) in &sum.broken {
        say(&format!(
            "SEED={seed} breaks a rule at {} s: {broken:.300}",
            at / SECOND
        ));
    }
    let per_second = u128::from(sum.inputs) * 1_000 / sum.cpu.as_millis().max(1);
    say(&format!(
        "{} histories, {} inputs, {per_second} inputs per core-second, {} broken",
        sum.histories,
        sum.inputs,
        sum.broken.len()
    ));
    if sum.histories < count {
        say(&format!(
            "{count} histories were to be played in {seconds} s"
        ));
    }
    ExitCode::from(u8::from(!sum.broken.is_empty() || sum.histories < count))
}

fn hashes(count: u64) -> ExitCode {
    for seed in 1..=count {
        say(&format!("{seed} {:016x}", play(seed).hash));
    }
    ExitCode::SUCCESS
}

/// Plays a history aloud; one that breaks a rule is written down as small as it can be made.
fn tell(history: &History) -> ExitCode {
    let played = Simulation::new(history.clone(), true).play();
    let Some((at, broken)) = played.broken else {
        say(&format!("{} inputs, no rule is broken", played.inputs));
        return ExitCode::SUCCESS;
    };
    say(&format!("{} s: {broken}", at / SECOND));
    if let Some(smaller) = shrink(history, SHRINK) {
        say(&format!(
            "{} of {} events are enough:",
            smaller.events.len(),
            history.events.len()
        ));
        say(&serde_json::to_string(&smaller).unwrap_or_default());
    }
    ExitCode::FAILURE
}

#[cfg(feature = "planted-faults")]
mod planted {
    use std::process::ExitCode;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use stackone_processor_core::planted::{Fault, plant};
    use stackone_simulation::play::{on_all_cores, play};

    /// Tells of each planted fault the oracle that finds it and the first seed in which it does.
    /// Faults are shared out over all cores, because each is planted into the cores of one thread
    /// only.
    pub(super) fn find_all(seeds: u64) -> ExitCode {
        let (next, missed) = (AtomicUsize::new(0), AtomicUsize::new(0));
        super::say("| fault | oracle | seed |\n| --- | --- | ---: |");
        on_all_cores(|| {
            while let Some(fault) = Fault::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
                if !is_found(*fault, seeds) {
                    missed.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        ExitCode::from(u8::from(missed.into_inner() > 0))
    }

    fn is_found(fault: Fault, seeds: u64) -> bool {
        plant(Some(fault));
        let found = (1..=seeds).find_map(|seed| Some((seed, play(seed).broken?.1)));
        plant(None);
        match &found {
            Some((seed, broken)) => {
                super::say(&format!("| {fault:?} | {} | {seed} |", broken.oracle()));
            }
            None => super::say(&format!("| {fault:?} | not found in {seeds} seeds | |")),
        }
        found.is_some()
    }
}
