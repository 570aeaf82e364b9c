//! The command of the simulation.
#![expect(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use std::process::{Command, Output};

use stackone_simulation::play::play;

/// Histories that broke a rule once: what they found is mended, in the core or in the simulator.
const KEPT: [u64; 6] = [32, 62, 81, 354, 373, 491];

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stackone-simulation"));
    command
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

#[test]
fn a_seed_gives_the_same_trace_in_any_process() {
    // The build of `just simulation` is optimized; in another a history takes a minute of its own.
    let seeds = if cfg!(debug_assertions) { "1" } else { "50" };
    let (one, other) = (run(&["hashes", seeds], &[]), run(&["hashes", seeds], &[]));
    assert!(one.status.success());
    assert_eq!(one.stdout, other.stdout);
    let lines = String::from_utf8(one.stdout).unwrap().lines().count();
    assert_eq!(lines.to_string(), seeds);
}

#[test]
fn a_seed_or_a_file_that_cannot_be_read_is_exit_2() {
    for (arguments, environment) in [
        (&[][..], &[("SEED", "seven")][..]),
        (&[], &[("HISTORY", "no such file")]),
        (&[], &[("HISTORY", "Cargo.toml")]),
        (&["many"], &[]),
        (&["hashes", "-1"], &[]),
    ] {
        let refused = run(arguments, environment);
        assert_eq!(
            refused.status.code(),
            Some(2),
            "{arguments:?} {environment:?}"
        );
    }
}

#[test]
fn faults_that_were_found_stay_mended() {
    if cfg!(debug_assertions) {
        return;
    }
    for seed in KEPT {
        let played = run(&[], &[("SEED", &seed.to_string())]);
        assert!(played.status.success(), "SEED={seed}");
    }
}

/// `just mutants` lets it play a minute of one core.
#[test]
fn histories_break_no_rule() {
    if cfg!(debug_assertions) {
        return;
    }
    let count = std::env::var("HISTORIES").map_or(5, |count| count.parse().unwrap());
    let broken = (1..=count).find_map(|seed| Some((seed, play(seed).broken?)));
    assert!(broken.is_none(), "seed, time and rule: {broken:?}");
}
