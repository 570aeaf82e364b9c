//! `stackone-processor redrive`: stdout has what came of it, stderr how far it is.

mod report;

use std::io::{self, Write as _};

use stackone_link_process::spawn::spawn_blocking;
use stackone_link_process::stderr;
use stackone_link_process::stdout::stdout;
use tokio_util::sync::CancellationToken;

use stackone_processor_operate::redrive::{
    Mode, Passed, RedriveSettings, RedriveVerdict, Selection, Told, run,
};
use stackone_processor_operate::tasks;

use crate::bar::Bar;
use report::{LetterReport, RunReport};

/// How output looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// For a person.
    Text,
    /// As JSON, one object per line; the last is the summary.
    Json,
}

/// Puts back what is selected, or says what it would put back.
pub(crate) async fn command(
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
        screen.bar.clear();
        result
    };
    let (summary, complete) = spawn_blocking(tasks::REDRIVE, redrive).await??;
    let report = RunReport::new(mode, complete, summary);
    let mut out = stdout();
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
    bar: Bar,
}

impl Screen {
    fn new(mode: Mode, shown: Shown) -> Self {
        Self {
            mode,
            shown,
            bar: Bar::new(),
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
                        if *verdict == RedriveVerdict::Passed(Passed::Expired) {
                            self.bar.clear();
                            stderr::write_line(&report.line());
                        }
                        Ok(())
                    }
                }
            }
            Told::Looking(seen, of) => {
                self.bar
                    .tell(*seen, *of, "looking for what was put back before");
                Ok(())
            }
            Told::Dealt(summary, seen, of) => {
                let what = format!("{} put back", summary.redriven);
                self.bar.tell(*seen, *of, &what);
                Ok(())
            }
        }
    }

    /// What a dry run finds is its result: nobody who cannot read it needs the rest.
    fn list(&mut self, report: &LetterReport<'_>) -> io::Result<()> {
        self.bar.clear();
        let line = match self.shown {
            Shown::Text => report.line(),
            Shown::Json => serde_json::to_string(report)?,
        };
        writeln!(stdout(), "{line}")
    }
}
