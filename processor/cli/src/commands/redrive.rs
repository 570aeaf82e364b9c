//! `redrive`: prints results to stdout, and progress to stderr.

mod arguments;
mod report;

use std::io::{self, Write as _};

use stackone_link_process::spawn::spawn_blocking;
use stackone_link_process::stdout::stdout;
use stackone_link_process::{signals, stderr};
use stackone_processor::config::Settings;
use tokio_util::sync::CancellationToken;

use stackone_processor_operate::redrive::{
    self, Mode, Passed, RedriveSettings, RedriveVerdict, Selection, Told,
};
use stackone_processor_operate::tasks;

use crate::bar::Bar;
use crate::contact;
pub(super) use arguments::EXAMPLES;
pub(crate) use arguments::RedriveArguments;
use arguments::Shown;
use report::{LetterReport, RunReport};

/// Waits for a broker, and then redrives.
pub(crate) async fn run(settings: &Settings, asked: RedriveArguments) -> anyhow::Result<()> {
    contact::made(&settings.kafka).await?;
    let settings = RedriveSettings::of(settings);
    let (selection, mode, shown) = asked.into_parts();
    signals::until_stopped(async |stop| put_back(settings, selection, mode, shown, stop).await)
        .await
}

/// Redrives the selected letters, or prints what a redrive would do.
async fn put_back(
    settings: RedriveSettings,
    selection: Selection,
    mode: Mode,
    shown: Shown,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let redrive = move || {
        let mut screen = Screen::new(mode, shown);
        let result = redrive::run(&settings, &selection, mode, &stop, &mut |told| {
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

/// Where results and progress go.
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

    /// Prints a letter of a dry run, which is a result: the command ends if it cannot be written.
    fn list(&mut self, report: &LetterReport<'_>) -> io::Result<()> {
        self.bar.clear();
        let line = match self.shown {
            Shown::Text => report.line(),
            Shown::Json => serde_json::to_string(report)?,
        };
        writeln!(stdout(), "{line}")
    }
}
