//! A service, or a command of one, as a process of its own.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use url::Url;

use crate::pipeline::Guest;
use crate::{WITHIN, eventually};

/// Path of the program of a service that is built with the tests: of `connect`, `ingest`, `process`
/// or `processor`.
///
/// # Panics
///
/// Where this is no program that cargo has built.
#[must_use]
pub fn program(service: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let built = test.parent().and_then(|folder| folder.parent());
    let built = built.expect("tests are built into a folder beside the programs");
    built.join(format!("{service}-under-test"))
}

/// A running process, which writes its log as JSON; killed when dropped.
pub struct ServiceProcess {
    /// Where its operators look, for instance `http://127.0.0.1:8082`; empty before it serves.
    pub admin: String,
    /// Where others come; the processor has no such place.
    pub public: Option<SocketAddr>,
    /// The file that is there while it is held in a transaction.
    pub(crate) held: PathBuf,
    pub(crate) guest: Guest,
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    log: Option<JoinHandle<()>>,
}

impl ServiceProcess {
    /// Starts it, and waits until it serves; whether it has found its broker is another matter.
    ///
    /// # Panics
    ///
    /// Where it ends instead, with its log.
    pub async fn start(command: Command) -> Self {
        let mut process = Self::spawn(command);
        process.serves().await;
        process
    }

    /// Starts it, and waits for nothing.
    ///
    /// # Panics
    ///
    /// Where the program is not there.
    #[must_use]
    pub fn spawn(mut command: Command) -> Self {
        for service in ["CONNECT", "INGEST", "PROCESSOR"] {
            command.env(format!("{service}__TELEMETRY__FORMAT"), "json");
        }
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.kill_on_drop(true).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stderr = child.stderr.take().expect("stderr is a pipe");
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&said);
        // Drained, so that a full pipe never holds it up.
        let log = tokio::spawn(async move {
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                heard.push(line);
            }
        });
        Self {
            admin: String::new(),
            public: None,
            held: PathBuf::new(),
            guest: Guest::default(),
            child,
            said,
            log: Some(log),
        }
    }

    /// Waits until it serves, and knows from its log where.
    ///
    /// # Panics
    ///
    /// Where it ends instead, with its log.
    pub async fn serves(&mut self) {
        let serving = eventually("the service serves", WITHIN, async || {
            let found = self.said().iter().find_map(|line| addresses(line));
            match found {
                Some(found) => Ok(Some(found)),
                None if self.has_ended().is_some() => Ok(None),
                None => Err(self.log()),
            }
        });
        let serving = serving.await.unwrap_or_else(|overdue| panic!("{overdue}"));
        let Some((admin, public)) = serving else {
            let status = self.ended().await;
            panic!("the service ended, {status}: {}", self.log());
        };
        self.admin = format!("http://{admin}");
        self.public = public;
    }

    /// Where ingest takes the webhooks of its first source.
    ///
    /// # Panics
    ///
    /// Where it is not ingest.
    #[must_use]
    pub fn webhook_url(&self) -> Url {
        let public = self.public.expect("it serves webhooks");
        let url = format!("http://{public}/webhooks/stackone/default");
        url.parse().expect("an address and a path are a URL")
    }

    /// The lines with `text` among those that it has logged since it started.
    #[must_use]
    pub fn logged(&self, text: &str) -> Vec<String> {
        let said = self.said();
        let lines = said.iter().filter(|line| line.contains(text));
        lines.cloned().collect()
    }

    /// All that it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.said().join("\n")
    }

    fn said(&self) -> MutexGuard<'_, Vec<String>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it has logged a line with this text, and gives all such lines.
    ///
    /// # Panics
    ///
    /// Where it does not.
    pub async fn says(&self, text: &str) -> Vec<String> {
        self.says_times(text, 1, WITHIN).await
    }

    /// The same of so many lines, within another time.
    ///
    /// # Panics
    ///
    /// Where it does not.
    pub async fn says_times(&self, text: &str, times: usize, within: Duration) -> Vec<String> {
        let awaited = format!("it logs {text:?}");
        let said = eventually(&awaited, within, async || {
            let lines = self.logged(text);
            let is_said = lines.len() >= times;
            is_said.then_some(lines).ok_or_else(|| self.log())
        });
        said.await.unwrap_or_else(|overdue| panic!("{overdue}"))
    }

    /// Its process id; none once its end is known.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Sends it a signal, by the name that `kill` has for it.
    ///
    /// # Panics
    ///
    /// Where it is not there any more.
    pub async fn signal(&self, name: &str) {
        let id = self.id().expect("it is running").to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().await;
        let is_sent = sent.is_ok_and(|status| status.success());
        assert!(is_sent, "SIG{name} could not be sent: {}", self.log());
    }

    /// SIGKILL: it gets no chance to do anything.
    ///
    /// # Panics
    ///
    /// Where it was not running any more.
    pub async fn kill(mut self) {
        let ended = self.has_ended();
        assert_eq!(ended, None, "it ended before: {}", self.log());
        self.child.kill().await.expect("a child can be killed");
        self.ended().await;
    }

    /// SIGTERM, after which it must end well; all that it has logged.
    ///
    /// # Panics
    ///
    /// Where it does not.
    pub async fn stop(mut self) -> Vec<String> {
        self.signal("TERM").await;
        let status = self.ended().await;
        assert!(status.success(), "{status}: {}", self.log());
        self.said().clone()
    }

    /// Waits for its end, and for the last line of its log.
    ///
    /// # Panics
    ///
    /// Where it does not come.
    pub async fn ended(&mut self) -> ExitStatus {
        let ended = eventually("the process ends", WITHIN, async || {
            self.has_ended().ok_or_else(|| self.log())
        });
        let status = ended.await.unwrap_or_else(|overdue| panic!("{overdue}"));
        self.guest.leaves();
        if let Some(log) = self.log.take() {
            log.await.expect("the log is read to its end");
        }
        status
    }

    /// How it ended; none while it runs.
    ///
    /// # Panics
    ///
    /// Where the system does not say.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the system knows its child")
    }
}

impl Drop for ServiceProcess {
    /// What a failing test shows is what it logged as a warning or worse.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let is_quiet = |line: &str| {
                let levels = ["INFO", "DEBUG", "TRACE"].into_iter();
                let mut levels = levels.map(|level| format!("\"level\":\"{level}\""));
                levels.any(|level| line.contains(&level))
            };
            let troubles = self.logged("");
            let troubles = troubles.iter().filter(|line| !is_quiet(line));
            for line in troubles {
                drop(writeln!(std::io::stderr(), "{line}"));
            }
        }
    }
}

/// The addresses of operators and of others in the line that it logs when it starts.
fn addresses(line: &str) -> Option<(SocketAddr, Option<SocketAddr>)> {
    let line: Value = serde_json::from_str(line).ok()?;
    let address = |name| line.get(name)?.as_str()?.parse().ok();
    Some((address("admin")?, address("public")))
}
