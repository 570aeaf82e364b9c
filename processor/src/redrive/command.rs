//! `stackone-processor redrive`: stdout has what came of it, stderr how far it is.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::report::{LetterReport, RunReport, bar};
use super::{Mode, Passed, RedriveSettings, Selection, Told, Verdict, run};

/// How often the bar is drawn on a terminal.
const REDRAW: Duration = Duration::from_millis(100);
/// How often a line says how far it is where there is no terminal.
const SAY: Duration = Duration::from_secs(10);

/// How output looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// For a person.
    Text,
    /// As JSON, one object per line; the last is the summary.
    Json,
}

/// Puts back what is selected, or says what it would put back.
///
/// # Errors
///
/// Where it did not come to the end, also where it was told to stop before.
pub async fn command(
    settings: RedriveSettings,
    selection: Selection,
    mode: Mode,
    shown: Shown,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let redrive = move || {
        let mut screen = Screen::new(mode, shown);
        let result = run(&settings, &selection, mode, &stop, &mut |told| {
            screen.show(&told)
        });
        screen.clear();
        result
    };
    let (summary, complete) = tokio::task::spawn_blocking(redrive).await??;
    let report = RunReport::new(mode, complete, summary);
    let mut out = io::stdout().lock();
    match shown {
        Shown::Json => writeln!(out, "{}", serde_json::to_string(&report)?)?,
        Shown::Text => {
            for line in report.lines() {
                writeln!(out, "{line}")?;
            }
        }
    }
    anyhow::ensure!(complete, "interrupted; run it again to go on");
    Ok(())
}

/// Where the run is shown.
struct Screen {
    mode: Mode,
    shown: Shown,
    is_terminal: bool,
    next: Instant,
    is_drawn: bool,
}

impl Screen {
    fn new(mode: Mode, shown: Shown) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let first = if is_terminal { REDRAW } else { SAY };
        Self {
            mode,
            shown,
            is_terminal,
            next: Instant::now() + first,
            is_drawn: false,
        }
    }

    fn show(&mut self, told: &Told<'_>) -> io::Result<()> {
        match told {
            Told::Decided(record, verdict) => {
                let Some(report) = LetterReport::of(record, *verdict) else {
                    return Ok(());
                };
                match self.mode {
                    Mode::DryRun => self.list(&report),
                    Mode::PutBack(_) => {
                        if *verdict == Verdict::Passed(Passed::Expired) {
                            self.clear();
                            let _unwritable = writeln!(io::stderr(), "{}", report.line());
                        }
                        Ok(())
                    }
                }
            }
            Told::Looking(seen, of) => {
                self.tell_how_far(*seen, *of, "looking for what was put back before");
                Ok(())
            }
            Told::Dealt(summary, seen, of) => {
                let what = format!("{} put back", summary.redriven);
                self.tell_how_far(*seen, *of, &what);
                Ok(())
            }
        }
    }

    /// What a dry run finds is its result: nobody who cannot read it needs the rest.
    fn list(&mut self, report: &LetterReport<'_>) -> io::Result<()> {
        self.clear();
        let line = match self.shown {
            Shown::Text => report.line(),
            Shown::Json => serde_json::to_string(report)?,
        };
        writeln!(io::stdout(), "{line}")
    }

    /// How far it is, now and then. Where that cannot be written, the redrive goes on all the same.
    fn tell_how_far(&mut self, seen: u64, of: u64, what: &str) {
        let now = Instant::now();
        if now < self.next {
            return;
        }
        let bar = bar(seen, of);
        let mut stderr = io::stderr().lock();
        if self.is_terminal {
            self.next = now + REDRAW;
            self.is_drawn = true;
            let _unwritable =
                write!(stderr, "\r\u{1b}[K{bar}  {what}").and_then(|()| stderr.flush());
        } else {
            self.next = now + SAY;
            let _unwritable = writeln!(stderr, "{bar}  {what}");
        }
    }

    /// Takes the bar away.
    fn clear(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            let mut stderr = io::stderr().lock();
            let _unwritable = write!(stderr, "\r\u{1b}[K").and_then(|()| stderr.flush());
        }
    }
}
