//! Measures what it costs `stackone-connect` to read the states of accounts when it starts, on the
//! embedded broker: `just bench-connect-states`. Programs given with `--against` are measured in
//! turns with the first, so that what else the machine does falls on all of them alike.

mod broker;
mod service;

use std::io::{self, Write as _};
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Parser;

use broker::Broker;
use service::{Cost, Service};

/// The arguments of the measurement.
#[derive(Parser)]
struct Cli {
    /// The program to measure.
    #[arg(long)]
    service: PathBuf,
    /// Another build of it to compare with.
    #[arg(long)]
    against: Option<PathBuf>,
    /// The number of accounts on the state topic.
    #[arg(long, default_value_t = 100_000)]
    accounts: u32,
    /// How many of them are of one tenant.
    #[arg(long, default_value = "4")]
    of_tenant: NonZeroU32,
    /// The number of starts of each program.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// The starts of one program.
struct Measured {
    program: PathBuf,
    /// The cost of each start with the accounts, and the CPU time of a start without any.
    starts: Vec<(Cost, f64)>,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let broker = Broker::start(cli.accounts)?;
    broker.write_states(cli.accounts, cli.of_tenant)?;
    let programs = [Some(cli.service), cli.against].into_iter().flatten();
    let mut measured: Vec<_> = programs.map(Measured::new).collect();
    for _ in 0..cli.rounds {
        for one in &mut measured {
            one.start(&broker, cli.accounts)?;
        }
    }
    let mut out = io::stdout();
    writeln!(
        out,
        "| program | CPU µs an account | seconds to ready | RSS MiB | peak MiB |\n| --- | ---: | ---: | ---: | ---: |"
    )?;
    for one in &measured {
        writeln!(out, "{}", one.row(cli.accounts))?;
    }
    Ok(())
}

impl Measured {
    fn new(program: PathBuf) -> Self {
        Self {
            program,
            starts: Vec::new(),
        }
    }

    fn start(&mut self, broker: &Broker, accounts: u32) -> anyhow::Result<()> {
        let none = Service::start(&self.program, broker, broker::EMPTY)?.cost(0)?;
        let all = Service::start(&self.program, broker, broker::STATES)?.cost(accounts)?;
        self.starts.push((all, none.cpu_seconds));
        Ok(())
    }

    fn row(&self, accounts: u32) -> String {
        let micros = |(all, none): &(Cost, f64)| {
            (all.cpu_seconds - none) * 1_000_000.0 / f64::from(accounts)
        };
        let median = |figure: &dyn Fn(&(Cost, f64)) -> f64| {
            let mut figures: Vec<_> = self.starts.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
        };
        format!(
            "| {} | {:.2} | {:.2} | {:.0} | {:.0} |",
            self.program.display(),
            median(&micros),
            median(&|(all, _)| all.seconds),
            median(&|(all, _)| all.mebibytes),
            median(&|(all, _)| all.peak_mebibytes),
        )
    }
}
