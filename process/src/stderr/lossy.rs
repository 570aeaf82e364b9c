//! A queue of lines that is bounded in lines and bytes, and the thread that writes them.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A writer that takes lines and never waits. Clones share one queue.
#[derive(Clone)]
pub(super) struct LossyWriter(Arc<Shared>);

struct Shared {
    most_lines: usize,
    most_bytes: usize,
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    lines: VecDeque<Vec<u8>>,
    /// The bytes of the lines that wait, and of the line that is being written.
    bytes: usize,
    is_writing: bool,
    lost: u64,
}

impl LossyWriter {
    /// Starts a thread that writes to `sink` and lives as long as the process.
    pub(super) fn start(
        sink: impl Write + Send + 'static,
        most_lines: usize,
        most_bytes: usize,
    ) -> Self {
        let shared = Arc::new(Shared {
            most_lines,
            most_bytes,
            queue: Mutex::default(),
            changed: Condvar::new(),
        });
        let emptied = Arc::clone(&shared);
        #[expect(clippy::disallowed_methods, reason = "it tells of panics")]
        // Where no thread can be started, the queue fills, and its lines are lost and counted.
        let _handle = thread::Builder::new()
            .name("stderr".to_owned())
            .spawn(move || emptied.empty_into(sink));
        Self(shared)
    }

    pub(super) fn push(&self, line: Vec<u8>) {
        let mut queue = self.0.lock();
        let has_room =
            queue.lines.len() < self.0.most_lines && queue.bytes + line.len() <= self.0.most_bytes;
        if has_room {
            queue.bytes += line.len();
            queue.lines.push_back(line);
            self.0.changed.notify_all();
        } else {
            queue.lost += 1;
        }
    }

    pub(super) fn flush(&self, patience: Duration) {
        let is_busy = |queue: &mut Queue| queue.is_writing || !queue.lines.is_empty();
        let waited = self
            .0
            .changed
            .wait_timeout_while(self.0.lock(), patience, is_busy);
        drop(waited);
    }

    pub(super) fn lost(&self) -> u64 {
        self.0.lock().lost
    }
}

/// `tracing-subscriber` writes a whole line at a time.
impl Write for LossyWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    /// Locks the queue. The lock is held while a line is moved, never while one is written.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn empty_into(&self, mut sink: impl Write) {
        loop {
            let line = self.next_line();
            let written = sink.write_all(&line).and_then(|()| sink.flush());
            let mut queue = self.lock();
            queue.bytes -= line.len();
            queue.is_writing = false;
            queue.lost += u64::from(written.is_err());
            self.changed.notify_all();
        }
    }

    fn next_line(&self) -> Vec<u8> {
        let mut queue = self.lock();
        loop {
            if let Some(line) = queue.lines.pop_front() {
                queue.is_writing = true;
                return line;
            }
            let woken = self.changed.wait(queue);
            queue = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver, Sender};
    use std::time::Instant;

    use super::*;

    /// Writes a line each time it is let.
    struct Stuck {
        let_through: Receiver<()>,
        written: Sender<Vec<u8>>,
    }

    impl Write for Stuck {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.let_through.recv().map_err(io::Error::other)?;
            self.written.send(line.to_vec()).map_err(io::Error::other)?;
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn stuck(most_lines: usize, most_bytes: usize) -> (LossyWriter, Sender<()>, Receiver<Vec<u8>>) {
        let (let_one, let_through) = mpsc::channel();
        let (written, lines) = mpsc::channel();
        let sink = Stuck {
            let_through,
            written,
        };
        let writer = LossyWriter::start(sink, most_lines, most_bytes);
        (writer, let_one, lines)
    }

    #[test]
    fn who_logs_does_not_wait_for_a_reader_that_does_not_read() {
        for (most_lines, most_bytes) in [(10, 1_000_000), (1_000_000, 50)] {
            let (writer, let_one, lines) = stuck(most_lines, most_bytes);
            for _ in 0..1000 {
                writer.push(b"five\n".to_vec());
            }
            // One more where the thread has taken one before the queue was full.
            let held = 1000 - writer.lost();
            assert!((10..=11).contains(&held), "{held} are held");
            let flushing = Instant::now();
            writer.flush(Duration::from_millis(50));
            assert!(flushing.elapsed() < Duration::from_secs(60));
            for _ in 0..held {
                let_one.send(()).unwrap();
                assert_eq!(lines.recv().unwrap(), b"five\n");
            }
            writer.flush(Duration::from_secs(60));
            writer.push(b"again".to_vec());
            let_one.send(()).unwrap();
            assert_eq!(lines.recv().unwrap(), b"again", "it has room again");
        }
    }

    #[test]
    fn a_log_line_that_cannot_be_written_is_lost_and_the_next_one_is_tried() {
        let (writer, let_one, lines) = stuck(10, 1000);
        drop(lines);
        for _ in 0..2 {
            let_one.send(()).unwrap();
            writer.push(b"line\n".to_vec());
        }
        writer.flush(Duration::from_secs(60));
        assert_eq!(writer.lost(), 2);
    }

    #[test]
    fn a_flush_waits_for_the_line_that_is_being_written() {
        let (writer, let_one, lines) = stuck(10, 1000);
        writer.push(b"last\n".to_vec());
        let letting = thread::spawn(move || let_one.send(()).map(|()| let_one));
        writer.flush(Duration::from_secs(60));
        assert_eq!(lines.try_recv().unwrap(), b"last\n");
        letting.join().unwrap().unwrap();
    }
}
