//! A run of the demo once its stage is set: the story, its verdict, traffic until Ctrl-C, an
//! orderly end.

use std::io::{self, Write as _};
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::Cli;
use crate::observed::Notebook;
use crate::performance::Performance;
use crate::screen::{Screen, Tone};
use crate::stage::Stage;
use crate::summary::Summary;
use crate::verdict::{Expectations, judge};
use crate::watch::Watch;
use crate::{playbill, story, traffic};

/// How long somebody who watches has to look at each scene.
const PAUSE: Duration = Duration::from_millis(700);

/// Plays the story and, unless it was to be played once, goes on. True: all went as it must.
///
/// # Errors
///
/// Where the result cannot be printed.
pub(crate) async fn run(cli: &Cli, mut stage: Stage, screen: &Screen) -> anyhow::Result<bool> {
    let mut summary = Summary::default();
    let performed = perform(cli, &mut stage, screen, &mut summary).await;
    if !cli.once {
        screen.note("\nstopping");
    }
    let cleared = stage.clear().await;
    for error in [performed, cleared].into_iter().filter_map(Result::err) {
        summary.ok = false;
        screen.outcome(Tone::Bad, &format!("✗ {error:#}"));
    }
    if cli.json {
        writeln!(io::stdout(), "{}", summary.to_json()?).context("the result cannot be printed")?;
    }
    Ok(summary.ok)
}

async fn perform(
    cli: &Cli,
    stage: &mut Stage,
    screen: &Screen,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let mut end = End::listen(screen)?;
    playbill::before(stage, screen);
    let pause = if cli.once { Duration::ZERO } else { PAUSE };
    let mut watch = Watch::begin(stage, screen);
    let performance = Performance::new(stage, &watch, screen, pause);
    let notebook = watch.notebook.clone();
    let simulator = stage.simulator.clone();
    tokio::select! {
        played = performance.play(story::scenes()) => *summary = sum_up(&played?, &notebook, screen),
        () = end.comes() => return interrupted(cli, summary),
        error = stage.fell() => return Err(error),
        error = watch.blinded() => return Err(error),
    }
    if !cli.once {
        playbill::after(stage, screen);
        tokio::select! {
            () = traffic::run(&simulator, screen) => {}
            () = end.comes() => {}
            error = stage.fell() => return Err(error),
            error = watch.blinded() => return Err(error),
        }
    }
    Ok(())
}

fn sum_up(expected: &Expectations, notebook: &Notebook, screen: &Screen) -> Summary {
    let seen = notebook.so_far();
    let complaints = judge(expected, &seen);
    let summary = Summary::new(expected, &seen, complaints.is_empty(), screen.elapsed_ms());
    summary.show(expected, &seen, &complaints, screen);
    summary
}

/// Who watches may leave at any time; who wants to know the result has to wait for it.
fn interrupted(cli: &Cli, summary: &mut Summary) -> anyhow::Result<()> {
    anyhow::ensure!(!cli.once, "interrupted before the end of the story");
    summary.ok = true;
    Ok(())
}

/// What ends the demo: Ctrl-C, SIGTERM, or that nobody reads the screen any more.
struct End {
    interrupt: Signal,
    terminate: Signal,
    screen: Screen,
}

impl End {
    fn listen(screen: &Screen) -> anyhow::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            screen: screen.clone(),
        })
    }

    async fn comes(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = self.screen.gone() => {}
        }
    }
}
