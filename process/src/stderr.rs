//! Standard error, written to so that nothing fails, waits or slows down with it.
//!
//! Log lines, the progress of commands and the last words at exit all go through one bounded queue
//! that a thread of its own empties. A full disk, a reader that has gone, and one that does not
//! read cost lines, which are counted, and nothing else.

mod lossy;

use std::io;
use std::sync::LazyLock;
use std::time::Duration;

use crate::metrics::{Error, Metrics};
use lossy::LossyWriter;

/// The most lines that may wait.
const MOST_LINES: usize = 4096;
/// The most bytes that may wait: 16 times what a pipe holds on Linux.
const MOST_BYTES: usize = 1024 * 1024;
/// How long a process that ends waits for its last lines.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// The queue of the process, which has one standard error.
static QUEUE: LazyLock<LossyWriter> =
    LazyLock::new(|| LossyWriter::start(io::stderr(), MOST_LINES, MOST_BYTES));

/// Queues `text` unchanged and never waits. The text is lost where the queue is full or standard
/// error cannot be written.
pub fn write(text: impl Into<Vec<u8>>) {
    QUEUE.push(text.into());
}

/// Queues a line and its newline; never waits.
pub fn write_line(line: &str) {
    write(format!("{line}\n"));
}

/// Waits for up to `patience` until everything queued is written.
pub fn flush(patience: Duration) {
    QUEUE.flush(patience);
}

/// Returns a writer for `tracing` subscribers, which write one line at a time.
#[must_use]
pub fn writer() -> impl io::Write {
    QUEUE.clone()
}

/// Returns how many lines were lost since the process began.
#[must_use]
pub fn lines_lost() -> u64 {
    QUEUE.lost()
}

/// Registers a counter called `name` that shows [`lines_lost`].
///
/// # Errors
///
/// Fails where the name is taken.
pub fn register_lines_lost(metrics: &Metrics, name: &str) -> Result<(), Error> {
    let help = "Log lines that were not written: stderr's reader is slow, stuck or gone, or its disk full.";
    metrics.register_total(name, help, lines_lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_log_lines_are_counted_under_the_services_own_name() {
        let metrics = Metrics::new(Some("service")).unwrap();
        register_lines_lost(&metrics, "log_lines_lost_total").unwrap();
        let lost_before = lines_lost();
        write(vec![b'x'; MOST_BYTES + 1]);
        assert!(lines_lost() > lost_before, "larger than all that may wait");
        let shown = metrics.registry().gather();
        assert_eq!(shown[0].name(), "service_log_lines_lost_total");
        let value = shown[0].get_metric()[0].get_counter().get_value();
        assert!(value >= 1.0, "{value}");
        assert_eq!(metrics.descriptions()[0].labels, Vec::<String>::new());
    }
}
