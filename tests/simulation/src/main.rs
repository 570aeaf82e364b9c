//! The command: plays histories, shows one, makes one smaller.
use stackone_simulation::history::History;
use stackone_simulation::simulation::Simulation;

#[expect(clippy::print_stdout, reason = "a command")]
fn main() {
    let arguments: Vec<u64> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let told = std::env::args().any(|a| a == "told");
    let began = std::time::Instant::now();
    let (mut inputs, mut failed) = (0, 0);
    for seed in arguments[0]..arguments[1] {
        let played = Simulation::new(History::of(seed), told).play();
        inputs += played.inputs;
        if let Some((at, broken)) = played.broken {
            failed += 1;
            println!("seed {seed} at {}s: {:.400}", at / 1_000_000, broken.to_string());
        }
    }
    let took = began.elapsed().as_secs_f64();
    println!("{inputs} inputs, {failed} failed, {took:.1} s, {:.0} inputs/s", inputs as f64 / took);
}
