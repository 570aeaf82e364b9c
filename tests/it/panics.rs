//! What a panic ends: the processor, whatever thread it was; of ingest, the connection or the task.

mod ingest;
mod liveness;
mod process;
mod processor;

use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use harness::{NAMES_FILE, PANIC_IN, PANIC_TIMES, WITHIN, eventually};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// Exit code of a process that a panic has ended.
const PANICKED: i32 = 101;
/// Far more than the 2 s that are promised, so that a busy machine fails no test: what does not end
/// by its hook never ends.
const SOON: Duration = Duration::from_secs(15);

/// A program of which threads and tasks of one name panic, or none does.
struct Program {
    child: Child,
    folder: TempDir,
    panic_in: &'static str,
}

impl Program {
    /// Starts it; where `panic_in` is empty nothing panics.
    fn start(mut command: Command, panic_in: &'static str, times: Option<usize>) -> Self {
        let folder = TempDir::new().unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        if let Some(times) = times {
            command.env(PANIC_TIMES, times.to_string());
        }
        let child = command
            .env(PANIC_IN, panic_in)
            .env(NAMES_FILE, folder.path().join("names"))
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            child,
            folder,
            panic_in,
        }
    }

    fn read(&self, file: &str) -> String {
        let path: PathBuf = self.folder.path().join(file);
        std::fs::read_to_string(path).unwrap_or_default()
    }

    /// What it has logged.
    fn log(&self) -> String {
        self.read("log")
    }

    /// What it has started so far, by name, as often as it has.
    fn names(&self) -> Vec<String> {
        self.read("names").lines().map(str::to_owned).collect()
    }

    /// How it ended; none while it runs.
    fn exit_code(&mut self) -> Option<i32> {
        let status = self.child.try_wait().unwrap()?;
        Some(status.code().unwrap_or_default())
    }

    /// Waits until it has started something of this name; true where it has ended instead.
    async fn starts(&mut self, name: &str) -> bool {
        let awaited = format!("{name} starts");
        let started = eventually(&awaited, WITHIN, async || {
            self.starts_now(name).ok_or_else(|| self.log())
        });
        started.await.unwrap()
    }

    /// False where it has started something of this name, true where it has ended, none while neither.
    fn starts_now(&mut self, name: &str) -> Option<bool> {
        if self.exit_code().is_some() {
            return Some(true);
        }
        let is_started = self.names().iter().any(|started| started == name);
        is_started.then_some(false)
    }

    /// Waits for its end, and checks that it comes soon after the panic.
    async fn ends(&mut self) -> i32 {
        let told = format!("on purpose, in {}", self.panic_in);
        let panicked = eventually(&told, WITHIN, async || {
            let has = self.exit_code().is_some() || self.log().contains(&told);
            has.then_some(()).ok_or("it has not panicked")
        });
        panicked.await.unwrap();
        let ended = eventually("it ends", SOON, async || self.exit_code().ok_or("it runs"));
        let code = ended.await.unwrap();
        assert!(self.log().contains(&told), "{}", self.log());
        code
    }
}
