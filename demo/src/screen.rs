//! The screen: one line for each thing that happens, in columns. The only place that writes to it.

mod line;
mod order;

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

pub(crate) use line::{Line, Tone, Who};
use order::Held;

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

/// How often held lines are looked at.
const EVERY: Duration = Duration::from_millis(10);

/// Clones write to the same screen.
#[derive(Clone)]
pub(crate) struct Screen {
    paper: Arc<Mutex<Paper>>,
    colour: bool,
    started: Instant,
    gone: CancellationToken,
}

struct Paper {
    out: Box<dyn Write + Send>,
    held: Held,
}

impl Screen {
    /// A screen whose clock starts at `started`.
    pub(crate) fn new(out: Box<dyn Write + Send>, colour: bool, started: Instant) -> Self {
        let held = Held::default();
        Self {
            paper: Arc::new(Mutex::new(Paper { out, held })),
            colour,
            started,
            gone: CancellationToken::new(),
        }
    }

    /// Milliseconds since the start.
    pub(crate) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Returns when nobody reads any more, as behind `| head`.
    pub(crate) async fn gone(&self) {
        self.gone.cancelled().await;
    }

    /// A scene begins.
    pub(crate) fn heading(&self, text: &str) {
        self.text(&format!("\n{}", self.paint(BOLD, text)));
    }

    /// Something that need not be read.
    pub(crate) fn note(&self, text: &str) {
        self.text(&self.paint(DIM, text));
    }

    /// The story's outcome.
    pub(crate) fn outcome(&self, tone: Tone, text: &str) {
        self.text(&self.paint(tone.style(), text));
    }

    /// Something to read or to copy.
    pub(crate) fn text(&self, text: &str) {
        let mut paper = self.paper();
        let lines = paper.held.release_all();
        self.print(&mut paper, lines);
        self.write(&mut paper, text);
    }

    /// Something happened. It is shown a moment later: see [`Held`].
    pub(crate) fn line(&self, line: Line) {
        self.paper().held.hold(self.started.elapsed(), line);
    }

    /// Shows lines when their time has come, for ever.
    pub(crate) async fn keep_up(self) -> anyhow::Result<()> {
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            ticks.tick().await;
            let mut paper = self.paper();
            let lines = paper.held.release(self.started.elapsed());
            self.print(&mut paper, lines);
        }
    }

    fn print(&self, paper: &mut Paper, lines: Vec<(Duration, Line)>) {
        for (at, line) in lines {
            let time = self.paint(DIM, &format!("{:>7.2}", at.as_secs_f64()));
            let who = self.paint(line.who.style(), &format!("{:<10}", line.who.name()));
            let verdict = self.paint(line.tone.style(), &line.verdict);
            let Line { what, account, .. } = line;
            self.write(
                paper,
                &format!("{time}  {who}  {what:<28}  {account:<26}  {verdict}"),
            );
        }
    }

    fn paint(&self, style: &str, text: &str) -> String {
        if self.colour {
            format!("{style}{text}{RESET}")
        } else {
            text.to_owned()
        }
    }

    fn write(&self, paper: &mut Paper, text: &str) {
        let out = &mut paper.out;
        let written = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
        if written.is_err() {
            self.gone.cancel();
        }
    }

    fn paper(&self) -> MutexGuard<'_, Paper> {
        self.paper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Sheet(Arc<Mutex<Vec<u8>>>);

    impl Write for Sheet {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(colour: bool) -> String {
        let sheet = Sheet::default();
        let screen = Screen::new(Box::new(sheet.clone()), colour, Instant::now());
        for (what, account) in [("POST account.created", "abc Acme, BambooHR"), ("POST", "")] {
            screen.line(Line {
                who: Who::StackOne,
                what: what.to_owned(),
                account: account.to_owned(),
                verdict: "200".to_owned(),
                tone: Tone::Good,
            });
        }
        screen.text("");
        let bytes = sheet.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_plain_log_has_aligned_columns_and_no_escapes() {
        let text = written(false);
        let columns: Vec<_> = text.lines().take(2).map(|line| line.find("200")).collect();
        assert!(columns[0].is_some() && columns[0] == columns[1], "{text}");
        assert!(!text.contains('\x1b'));
        assert!(written(true).contains('\x1b'));
    }
}
