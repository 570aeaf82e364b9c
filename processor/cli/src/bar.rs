//! Shows on stderr how far a command is: by a bar on a terminal, and by a line now and then
//! elsewhere.

use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use stackone_link_process::stderr;

/// The shortest time between two drawings of the bar on a terminal.
const REDRAW: Duration = Duration::from_millis(100);
/// The time between two lines where there is no terminal.
const SAY: Duration = Duration::from_secs(10);
/// How long a write to stdout waits until the bar is removed.
const CLEARED: Duration = Duration::from_millis(100);
/// Moves the cursor to the beginning of the line, and empties it.
const EMPTY_LINE: &str = "\r\u{1b}[K";

/// A bar, or lines where there is no terminal.
pub(crate) struct Bar {
    is_terminal: bool,
    next: Instant,
    is_drawn: bool,
}

impl Bar {
    pub(crate) fn new() -> Self {
        let is_terminal = io::stderr().is_terminal();
        Self {
            is_terminal,
            next: Instant::now() + if is_terminal { REDRAW } else { SAY },
            is_drawn: false,
        }
    }

    /// Shows the progress now and then. Never waits for a reader.
    pub(crate) fn tell(&mut self, done: u64, of: u64, what: &str) {
        let now = Instant::now();
        if now < self.next {
            return;
        }
        let bar = bar(done, of);
        if self.is_terminal {
            self.next = now + REDRAW;
            self.is_drawn = true;
            stderr::write(format!("{EMPTY_LINE}{bar}  {what}"));
        } else {
            self.next = now + SAY;
            stderr::write_line(&format!("{bar}  {what}"));
        }
    }

    /// Removes the bar.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            stderr::write(EMPTY_LINE);
            stderr::flush(CLEARED);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Returns the bar as text.
fn bar(done: u64, of: u64) -> String {
    const WIDTH: u64 = 30;
    let of = of.max(1);
    let done = done.min(of);
    let filled = usize::try_from(done.saturating_mul(WIDTH) / of).unwrap_or_default();
    let width = usize::try_from(WIDTH).unwrap_or_default();
    let percent = done.saturating_mul(100) / of;
    format!("[{:width$}] {percent:3} %", "=".repeat(filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_empty_at_the_beginning_and_full_at_the_end() {
        for (done, of, percent, filled) in [
            (0, 10, "  0 %", 0),
            (5, 10, " 50 %", 15),
            (10, 10, "100 %", 30),
            (12, 10, "100 %", 30),
            (0, 0, "  0 %", 0),
        ] {
            let bar = bar(done, of);
            assert!(bar.ends_with(percent), "{bar}");
            assert_eq!(bar.matches('=').count(), filled, "{bar}");
            assert_eq!(bar.chars().count(), 38, "{bar}");
        }
    }
}
