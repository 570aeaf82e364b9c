//! What a panic ends: the processor, whatever thread it was; of ingest, the connection or the task.

mod ingest;
mod liveness;
mod process;
mod processor;

use harness::{NAMES_FILE, PANIC_IN, PANIC_TIMES, ServiceProcess, WITHIN, eventually};
use tempfile::TempDir;
use tokio::process::Command;

/// Exit code of a process that a panic has ended.
const PANICKED: i32 = 101;

/// A program of which threads and tasks of one name panic, or none does.
struct Program {
    process: ServiceProcess,
    folder: TempDir,
    panic_in: &'static str,
}

impl Program {
    /// Starts it; where `panic_in` is empty nothing panics.
    fn start(mut command: Command, panic_in: &'static str, times: Option<usize>) -> Self {
        let folder = TempDir::new().unwrap();
        if let Some(times) = times {
            command.env(PANIC_TIMES, times.to_string());
        }
        command.env(PANIC_IN, panic_in);
        command.env(NAMES_FILE, folder.path().join("names"));
        Self {
            process: ServiceProcess::spawn(command),
            folder,
            panic_in,
        }
    }

    /// What it has logged.
    fn log(&self) -> String {
        self.process.log()
    }

    /// What it has started so far, by name, as often as it has.
    fn names(&self) -> Vec<String> {
        let names = std::fs::read_to_string(self.folder.path().join("names"));
        let names = names.unwrap_or_default();
        names.lines().map(str::to_owned).collect()
    }

    /// Waits until it has started something of this name; true where it has ended instead.
    async fn starts(&mut self, name: &str) -> bool {
        let awaited = format!("{name} starts");
        let started = eventually(&awaited, WITHIN, async || {
            self.starts_now(name).ok_or_else(|| self.log())
        });
        started.await.unwrap()
    }

    /// False where it has started something of this name, true where it has ended, none while
    /// neither.
    fn starts_now(&mut self, name: &str) -> Option<bool> {
        if self.process.has_ended().is_some() {
            return Some(true);
        }
        let is_started = self.names().iter().any(|started| started == name);
        is_started.then_some(false)
    }

    /// Waits for its end after the panic: what does not end by its hook never ends.
    async fn ends(&mut self) -> i32 {
        let told = format!("on purpose, in {}", self.panic_in);
        let panicked = eventually(&told, WITHIN, async || {
            let has = self.process.has_ended().is_some() || self.log().contains(&told);
            has.then_some(()).ok_or("it has not panicked")
        });
        panicked.await.unwrap();
        let code = self.process.ended().await.code().unwrap_or_default();
        assert!(self.log().contains(&told), "{}", self.log());
        code
    }
}
