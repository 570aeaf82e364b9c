//! A stand-in for StackOne's accounts API that costs next to nothing, so that the measurement shows
//! the processor.
//!
//! Each connection has a thread: a thread sleeps to a fraction of a millisecond, where a runtime's
//! timers round up to the next one. Every account exists and is active. The rate limit is that of
//! the simulator: a window of a minute.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;

use crate::process::Child;

const WINDOW: Duration = Duration::from_secs(60);
/// The stack of a thread, as small as suffices: there are hundreds.
const STACK: usize = 256 * 1024;

/// Be the accounts API.
#[derive(Debug, Clone, Args)]
pub(crate) struct Serve {
    /// The shortest time of an answer, in microseconds.
    #[arg(long, default_value_t = 0)]
    pub(crate) fastest: u64,
    /// The longest time of an answer, in microseconds.
    #[arg(long, default_value_t = 0)]
    pub(crate) slowest: u64,
    /// Requests that it allows in a minute.
    #[arg(long)]
    pub(crate) limit: Option<u32>,
    /// Print when each request came and was answered: account, and two times in microseconds since
    /// the epoch.
    #[arg(long)]
    pub(crate) tell: bool,
}

/// The API as a process of its own.
pub(crate) struct Api {
    pub(crate) address: String,
    /// Its output about requests, where it prints any.
    pub(crate) told: Option<std::sync::mpsc::Receiver<String>>,
    _child: Child,
}

struct Limit {
    opened: Instant,
    used: u32,
}

struct Shared {
    options: Serve,
    limit: Mutex<Limit>,
}

impl Serve {
    pub(crate) fn answering_in(fastest: Duration, slowest: Duration) -> Self {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Self {
            fastest: micros(fastest),
            slowest: micros(slowest),
            limit: None,
            tell: false,
        }
    }

    /// Starts a process that serves with these arguments.
    pub(crate) fn start(&self) -> anyhow::Result<Api> {
        let mut arguments = vec![
            "api".to_owned(),
            format!("--fastest={}", self.fastest),
            format!("--slowest={}", self.slowest),
        ];
        arguments.extend(self.limit.map(|limit| format!("--limit={limit}")));
        if self.tell {
            arguments.push("--tell".to_owned());
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (child, mut lines) = Child::telling(&arguments)?;
        let address = lines.next().context("the API ended")??;
        let told = self.tell.then(|| {
            let (told, receiver) = std::sync::mpsc::channel();
            thread::spawn(move || {
                lines
                    .map_while(Result::ok)
                    .try_for_each(|line| told.send(line))
            });
            receiver
        });
        Ok(Api {
            address,
            told,
            _child: child,
        })
    }

    /// Prints its address in a line, and serves until standard input ends.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        writeln!(io::stdout(), "{}", listener.local_addr()?)?;
        let opened = Instant::now();
        let shared = Arc::new(Shared {
            options: self,
            limit: Mutex::new(Limit { opened, used: 0 }),
        });
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&shared);
                let serve = move || shared.serve(&stream);
                drop(thread::Builder::new().stack_size(STACK).spawn(serve));
            }
        });
        io::copy(&mut io::stdin(), &mut io::sink())?;
        Ok(())
    }
}

impl Shared {
    /// Answers the requests of a connection until it is closed.
    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        let mut writer = stream;
        let mut random = fastrand::Rng::new();
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let came = Timestamp::now();
            let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
            while reader.read_line(&mut line)? > "\r\n".len() {}
            let Serve {
                fastest, slowest, ..
            } = self.options;
            thread::sleep(Duration::from_micros(random.u64(fastest..=slowest)));
            if self.options.tell {
                let (id, answered) = (account_of(&target), Timestamp::now().as_microsecond());
                writeln!(io::stdout(), "{id} {} {answered}", came.as_microsecond())?;
            }
            writer.write_all(&self.answer(&target))?;
        }
    }

    fn answer(&self, target: &str) -> Vec<u8> {
        if !self.admit() {
            let body = r#"{"statusCode":429,"message":"Too many requests"}"#;
            return response("429 Too Many Requests\r\nretry-after: 60", body);
        }
        let Some((_, query)) = target.split_once('?') else {
            return response("200 OK", &account(account_of(target)));
        };
        let asked = query.split('&').filter_map(|pair| pair.split_once('='));
        let ids = asked.filter(|(name, _)| name.starts_with("account_ids"));
        let ids = ids.flat_map(|(_, ids)| ids.split(',').flat_map(|id| id.split("%2C")));
        let page: Vec<String> = ids.map(account).collect();
        response("200 OK", &format!("[{}]", page.join(",")))
    }

    fn admit(&self) -> bool {
        let Some(allowed) = self.options.limit else {
            return true;
        };
        let mut limit = self.limit.lock().unwrap_or_else(PoisonError::into_inner);
        if limit.used == 0 || limit.opened.elapsed() >= WINDOW {
            *limit = Limit {
                opened: Instant::now(),
                used: 0,
            };
        }
        let admitted = limit.used < allowed;
        limit.used += u32::from(admitted);
        admitted
    }
}

fn account_of(target: &str) -> &str {
    target.rsplit('/').next().unwrap_or_default()
}

/// An account that has just changed: one that had not since its webhook would be looked at again.
fn account(id: &str) -> String {
    let updated_at = Timestamp::now();
    format!(
        r#"{{"id":"{id}","provider":"bamboohr","provider_name":"BambooHR","status":"active","status_reasons":null,"origin_owner_id":"tenant_{id}","origin_owner_name":"Acme Manufacturing Ltd","origin_username":"dana@acme.example","setup_information":{{"domain":"acmemfg"}},"label":"HR, main plant","type":"production","shared":false,"created_at":"2026-03-04T09:12:43.991Z","updated_at":"{updated_at:.3}"}}"#
    )
}

fn response(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}
