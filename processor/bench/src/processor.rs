//! The processor as a process of its own, and its metrics.

use std::collections::HashMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::broker::Place;
use crate::load::PROJECT;
use crate::process::Child;

/// How often its metrics are read.
pub(crate) const STEP: Duration = Duration::from_millis(5);

/// The settings of a measurement.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// `lookups.max_in_flight`.
    pub(crate) in_flight: usize,
    /// `projects.requests_per_minute`.
    pub(crate) requests_per_minute: u32,
    /// More sections of the configuration.
    pub(crate) more: String,
    /// Whether each webhook gets a lookup of its own.
    pub(crate) without_merging: bool,
}

/// A running processor. Dropping it kills the process.
pub(crate) struct Processor {
    pub(crate) child: Child,
    /// The lines of its log.
    pub(crate) log: Receiver<String>,
    pub(crate) started: Instant,
    admin: SocketAddr,
    _folder: TempDir,
}

/// The values of its metrics at one moment.
#[derive(Debug, Default)]
pub(crate) struct Figures(HashMap<String, f64>);

impl Processor {
    /// Starts a processor and waits until all partitions are restored.
    pub(crate) fn start(options: &Options, place: &Place, api: &str) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let file = folder.path().join("processor.toml");
        fs::write(&file, options.toml(place, api))?;
        let file = file.to_str().context("the folder's name is no text")?;
        let started = Instant::now();
        let environment = [("STACKONE_API_KEY", "v1.eu1.bench")];
        let mut arguments = vec!["processor", "--config", file];
        if options.without_merging {
            arguments.push("--without-merging");
        }
        let (child, lines) = Child::logging(&arguments, &environment)?;
        let (log, receiver) = channel();
        // The thread reads on when nobody takes the lines, so that a full pipe never stops the
        // processor.
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                drop(log.send(line));
            }
        });
        let admin = admin_address(&receiver)?;
        let processor = Self {
            child,
            log: receiver,
            started,
            admin,
            _folder: folder,
        };
        processor.ready()?;
        Ok(processor)
    }

    fn ready(&self) -> anyhow::Result<()> {
        let deadline = self.started + Duration::from_secs(300);
        while Instant::now() < deadline {
            if self
                .get("/readyz")
                .is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
            {
                return Ok(());
            }
            thread::sleep(STEP);
        }
        anyhow::bail!("the processor is not ready: {}", self.get("/readyz")?)
    }

    pub(crate) fn figures(&self) -> anyhow::Result<Figures> {
        let answer = self.get("/metrics")?;
        let values = answer.lines().filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            let name = name.strip_prefix("stackone_processor_")?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Ok(Figures(values.collect()))
    }

    /// Waits until this many records have a disposition, and returns the metrics of then.
    pub(crate) fn disposed(&self, records: u32, within: Duration) -> anyhow::Result<Figures> {
        let deadline = Instant::now() + within;
        loop {
            let figures = self.figures()?;
            let disposed = figures.sum("records_total");
            if disposed >= f64::from(records) {
                anyhow::ensure!(
                    figures.sum_where("records_total", "dead_lettered") == 0.0,
                    "records were put aside"
                );
                return Ok(figures);
            }
            anyhow::ensure!(
                Instant::now() < deadline,
                "only {disposed} of {records} records were disposed of in {within:?}"
            );
            thread::sleep(STEP);
        }
    }

    fn get(&self, path: &str) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(self.admin)?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Figures {
    /// Sums a metric over all labels.
    pub(crate) fn sum(&self, name: &str) -> f64 {
        self.sum_where(name, "")
    }

    /// Sums a metric over the labels that contain `part`.
    pub(crate) fn sum_where(&self, name: &str, part: &str) -> f64 {
        let of_name = self.0.iter().filter(|(key, _)| {
            key.strip_prefix(name)
                .is_some_and(|labels| labels.is_empty() || labels.starts_with('{'))
                && key.contains(part)
        });
        of_name.fold(0.0, |sum, (_, value)| sum + value)
    }
}

/// The embedded broker answers a fetch only when the fetch's time is over, also where a record
/// comes earlier. With the default of half a second nothing else would be measured.
const SHORT_FETCHES: &str = "[kafka.properties]\n\"fetch.wait.max.ms\" = \"10\"\n";

impl Options {
    pub(crate) fn new(in_flight: usize) -> Self {
        Self {
            in_flight,
            requests_per_minute: 60_000_000,
            more: String::new(),
            without_merging: false,
        }
    }

    /// Switches batches off, to measure single lookups.
    pub(crate) fn one_by_one(in_flight: usize) -> Self {
        Self {
            more: "[batch]\nmax_ids = 1".to_owned(),
            ..Self::new(in_flight)
        }
    }

    fn toml(&self, place: &Place, api: &str) -> String {
        let Self {
            in_flight,
            requests_per_minute,
            more,
            ..
        } = self;
        let topics = &place.topics;
        format!(
            "[admin]\nlisten = \"127.0.0.1:0\"\n[group]\nid = \"{group}\"\ninstance_id = \"bench\"\n\
             [lookups]\nmax_in_flight = {in_flight}\n[resync]\ninterval = \"0s\"\n\
             [telemetry]\nformat = \"json\"\nfilter = \"info\"\n\
             [kafka]\nbootstrap_servers = \"{servers}\"\n{fetches}[topic_layout]\ncheck_settings = {check}\n\
             [topics]\naccount_events = \"{}\"\nlifecycle = \"{}\"\nlinked = \"{}\"\nstate = \"{}\"\ndead_letter = \"{}\"\n\
             {more}\n[[projects]]\nid = \"{PROJECT}\"\napi_key_env = \"STACKONE_API_KEY\"\nbase_url = \"http://{api}\"\n\
             requests_per_minute = {requests_per_minute}\n",
            topics.account_events,
            topics.lifecycle,
            topics.linked,
            topics.state,
            topics.dead_letter,
            group = group(&topics.account_events),
            servers = place.kafka.bootstrap_servers,
            check = place.is_real,
            fetches = if place.is_real { "" } else { SHORT_FETCHES },
        )
    }
}

/// Returns the group of one processor. In that of a processor that was killed, the next would wait
/// until the brokers have noticed.
fn group(events: &str) -> String {
    static STARTED: AtomicU32 = AtomicU32::new(0);
    format!("{events}-{}", STARTED.fetch_add(1, Ordering::Relaxed))
}

/// Returns the address in the line that the processor logs when it starts.
fn admin_address(log: &Receiver<String>) -> anyhow::Result<SocketAddr> {
    let within = Duration::from_secs(30);
    loop {
        let line = log
            .recv_timeout(within)
            .context("the processor does not start")?;
        let line: Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(admin) = line.get("admin").and_then(Value::as_str) {
            return Ok(admin.parse()?);
        }
    }
}
