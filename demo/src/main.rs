//! `demo`: the whole pipeline in one process, telling a story. See `--help`.
#![expect(
    clippy::disallowed_methods,
    reason = "no service: a thread that dies is seen"
)]

mod cast;
mod cli;
mod live;
mod observed;
mod performance;
mod playbill;
mod product;
mod resync;
mod scrape;
mod screen;
mod settings;
mod stage;
mod story;
mod summary;
mod traffic;
mod verdict;
mod watch;

use clap::Parser as _;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use cli::Cli;
use screen::Screen;
use stage::Stage;
use tokio::task::LocalSet;

/// The story did not go as it must.
const STORY_FAILED: u8 = 1;
/// The demo could not be started as it was asked to; clap's of arguments is the same.
const CANNOT_START: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.init_logs();
    let screen = Screen::new(cli.output(), cli.colour(), Instant::now());
    let stage = match Stage::set(&cli).await {
        Ok(stage) => stage,
        Err(error) => {
            complain(&format!("cannot start: {}", in_short(&error)));
            return ExitCode::from(CANNOT_START);
        }
    };
    let run = live::run(&cli, stage, &screen);
    match LocalSet::new().run_until(run).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(STORY_FAILED),
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::from(STORY_FAILED)
        }
    }
}

/// What failed, and in the end why: between them the causes repeat each other.
fn in_short(error: &anyhow::Error) -> String {
    match error.chain().skip(1).last() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// One line on stderr. Where even that cannot be written, the exit code has to do.
fn complain(problem: &str) {
    let _unwritable = writeln!(io::stderr(), "demo: {problem}");
}
