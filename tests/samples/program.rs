//! A sample that runs, and what it prints.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use anyhow::Context;
use harness::{WITHIN, eventually, unique_group};
use serde::Deserialize;
use stackone_link_wire::{Topic, Topics};
use stackone_simulator::AccountId;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// What a sample prints for each change that it makes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Line {
    pub(crate) account_id: String,
    pub(crate) version: u64,
    pub(crate) why: String,
}

/// What a sample is told by its environment.
#[derive(Clone)]
pub(crate) struct Environment {
    /// Its consumer group.
    pub(crate) group: String,
    /// The file of its database.
    pub(crate) database: PathBuf,
    variables: BTreeMap<&'static str, String>,
}

impl Environment {
    /// With a group of its own, and its database in `folder`.
    pub(crate) fn new(servers: &str, topics: &Topics, folder: &Path) -> Self {
        let group = unique_group("sample");
        let database = folder.join(&group).with_extension("db");
        let variables = BTreeMap::from([
            ("KAFKA_BOOTSTRAP_SERVERS", servers.to_owned()),
            ("STATE_TOPIC", topics.name(Topic::State).to_owned()),
            ("LIFECYCLE_TOPIC", topics.name(Topic::Lifecycle).to_owned()),
            ("GROUP_ID", group.clone()),
            ("DATABASE", database.display().to_string()),
        ]);
        Self {
            group,
            database,
            variables,
        }
    }

    /// The same with another value of a variable.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.variables.insert(name, value.to_owned());
        self
    }
}

/// A sample that runs.
pub(crate) struct Program {
    child: Child,
    lines: Arc<Mutex<Vec<Line>>>,
    said: Arc<Mutex<Vec<String>>>,
    reading: [JoinHandle<()>; 2],
}

impl Program {
    pub(crate) fn start(command: &[String], environment: &Environment) -> anyhow::Result<Self> {
        let (program, arguments) = command.split_first().context("a command has a program")?;
        let mut child = Command::new(program)
            .args(arguments)
            .envs(&environment.variables)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{program} cannot be started"))?;
        let (lines, said) = (Arc::default(), Arc::default());
        let reading = [
            collect(child.stdout.take().context("stdout")?, &lines, |line| {
                serde_json::from_str(&line)
                    .unwrap_or_else(|_| panic!("no line of a sample: {line}"))
            }),
            collect(child.stderr.take().context("stderr")?, &said, |line| line),
        ];
        Ok(Self {
            child,
            lines,
            said,
            reading,
        })
    }

    /// Waits until it knows these versions.
    pub(crate) async fn took(&mut self, wanted: &[(&AccountId, u64)]) {
        let is_there = |lines: &[Line], account: &AccountId, version: u64| {
            let is_it =
                |line: &Line| line.account_id == account.as_str() && line.version == version;
            lines.iter().any(is_it)
        };
        self.runs_until("the sample takes the changes", |program| {
            let lines = program.lines();
            let mut wanted = wanted.iter();
            wanted.all(|(account, version)| is_there(&lines, account, *version))
        })
        .await;
    }

    /// Why it took the first version of an account.
    pub(crate) fn why(&self, account: &AccountId) -> String {
        let lines = self.lines();
        let of_account = lines
            .iter()
            .find(|line| line.account_id == account.as_str());
        of_account.unwrap().why.clone()
    }

    /// Waits, while it runs, until something is so.
    pub(crate) async fn runs_until(&mut self, awaited: &str, condition: impl Fn(&Self) -> bool) {
        let told = eventually(awaited, WITHIN, async || {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "ended: {ended:?}, {}", self.seen());
            condition(self).then_some(()).ok_or_else(|| self.seen())
        });
        told.await.unwrap();
    }

    /// What it printed so far.
    pub(crate) fn lines(&self) -> Vec<Line> {
        self.lines.lock().unwrap().clone()
    }

    /// How many lines it wrote for people so far.
    pub(crate) fn said(&self) -> usize {
        self.said.lock().unwrap().len()
    }

    fn seen(&self) -> String {
        let lines = self.lines();
        let last = lines.last_chunk::<20>().map_or(&lines[..], |last| last);
        let said = self.said.lock().unwrap().join("\n");
        format!("{} lines, at last {last:?}, and said: {said}", lines.len())
    }

    /// SIGTERM, which it must end well on. What it printed.
    pub(crate) async fn terminate(mut self) -> Vec<Line> {
        let id = self.child.id().unwrap().to_string();
        let sent = Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .await
            .unwrap();
        assert!(sent.success(), "SIGTERM could not be sent");
        let ended = self.ended().await;
        // A JVM that a signal ended says so.
        assert!(
            ended.success() || ended.code() == Some(128 + 15),
            "{ended:?}, {}",
            self.seen()
        );
        self.lines()
    }

    /// SIGKILL. What it had printed.
    pub(crate) async fn kill(mut self) -> Vec<Line> {
        self.child.start_kill().unwrap();
        self.ended().await;
        self.lines()
    }

    /// It must end by itself, with a failure, and say this.
    pub(crate) async fn fails_saying(mut self, words: &str) {
        let ended = self.ended().await;
        let seen = self.seen();
        assert!(
            !ended.success() && seen.contains(words),
            "{ended:?}, {seen}"
        );
    }

    async fn ended(&mut self) -> ExitStatus {
        let ended = tokio::time::timeout(WITHIN, self.child.wait()).await;
        let ended = ended.unwrap_or_else(|_| panic!("runs on, {}", self.seen()));
        for reading in &mut self.reading {
            reading.await.unwrap();
        }
        ended.unwrap()
    }
}

fn collect<T: Send + 'static>(
    output: impl AsyncRead + Unpin + Send + 'static,
    into: &Arc<Mutex<Vec<T>>>,
    read: impl Fn(String) -> T + Send + 'static,
) -> JoinHandle<()> {
    let (mut output, into) = (BufReader::new(output).lines(), Arc::clone(into));
    tokio::spawn(async move {
        while let Some(line) = output.next_line().await.unwrap() {
            let item = read(line);
            into.lock().unwrap().push(item);
        }
    })
}
