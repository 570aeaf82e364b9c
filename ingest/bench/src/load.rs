//! The load generator. Closed loop: each connection sends when it has its answer. Open loop:
//! requests are due at fixed times, and a time counts from when its request was *due*, so that a
//! stall is not hidden by what was not sent meanwhile.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::latency::{Measured, Times};
use crate::requests::requests;

/// Not counted: connections are opened, and the producer learns where partitions are.
pub(crate) const WARM_UP: Duration = Duration::from_millis(500);
/// Requests of one connection are this far from those of the next.
const STRIDE: usize = 17;

/// What load to make.
#[derive(Debug, Clone, Args)]
pub(crate) struct Load {
    /// Where to post.
    #[arg(long)]
    pub(crate) address: SocketAddr,
    /// Connections.
    #[arg(long)]
    pub(crate) connections: usize,
    /// Bytes of a body.
    #[arg(long)]
    pub(crate) size: usize,
    /// Requests a second in all, for an open loop; without it the loop is closed.
    #[arg(long)]
    pub(crate) rate: Option<u32>,
    /// How long to measure.
    #[arg(long)]
    pub(crate) milliseconds: u64,
    /// Requests in all, where they are to end it sooner; then all of them count.
    #[arg(long)]
    pub(crate) requests: Option<usize>,
}

/// When one connection's requests are due.
#[derive(Clone, Copy)]
enum Pace {
    Closed,
    Open { first: Instant, every: Duration },
}

impl Load {
    /// A closed loop. Its address is that of the service it is put on.
    pub(crate) fn new(connections: usize, size: usize, milliseconds: u64) -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            connections,
            size,
            rate: None,
            milliseconds,
            requests: None,
        }
    }

    /// The arguments that make this load on `address`.
    pub(crate) fn arguments(&self, address: SocketAddr) -> Vec<String> {
        let mut arguments = vec![
            format!("--address={address}"),
            format!("--connections={}", self.connections),
            format!("--size={}", self.size),
            format!("--milliseconds={}", self.milliseconds),
        ];
        arguments.extend(self.rate.map(|rate| format!("--rate={rate}")));
        let requests = self.requests.map(|count| format!("--requests={count}"));
        arguments.extend(requests);
        arguments
    }

    pub(crate) fn print(&self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let measured = runtime.block_on(self.measure())?;
        serde_json::to_writer(io::stdout(), &measured)?;
        Ok(writeln!(io::stdout())?)
    }

    async fn measure(&self) -> anyhow::Result<Measured> {
        let requests = Arc::new(requests(self.address, self.size)?);
        let within = Duration::from_millis(self.milliseconds);
        let begin = Instant::now() + self.warm_up();
        let left = Arc::new(AtomicUsize::new(self.requests.unwrap_or(usize::MAX)));
        let mut tasks = JoinSet::new();
        for number in 0..self.connections {
            let connection = Connection {
                stream: open(self.address).await?,
                address: self.address,
                requests: requests.clone(),
                next: number * STRIDE,
                left: Arc::clone(&left),
            };
            tasks.spawn(connection.run(self.pace(number, begin)?, begin, begin + within));
        }
        let mut all = Vec::new();
        while let Some(times) = tasks.join_next().await {
            all.push(times??);
        }
        let took = Instant::now().saturating_duration_since(begin).min(within);
        Ok(Times::measured(all, took))
    }

    fn warm_up(&self) -> Duration {
        match self.requests {
            Some(_) => Duration::ZERO,
            None => WARM_UP,
        }
    }

    fn pace(&self, number: usize, begin: Instant) -> anyhow::Result<Pace> {
        let Some(rate) = self.rate else {
            return Ok(Pace::Closed);
        };
        let between = Duration::from_secs(1) / rate;
        Ok(Pace::Open {
            first: begin - self.warm_up() + between * u32::try_from(number)?,
            every: between * u32::try_from(self.connections)?,
        })
    }
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    requests: Arc<Vec<Vec<u8>>>,
    next: usize,
    /// Requests that are left for all connections.
    left: Arc<AtomicUsize>,
}

impl Connection {
    async fn run(mut self, pace: Pace, begin: Instant, end: Instant) -> anyhow::Result<Times> {
        let mut times = Times::default();
        let mut due = match pace {
            Pace::Closed => Instant::now(),
            Pace::Open { first, .. } => first,
        };
        while due < end && self.may_post() {
            sleep_until_due(due).await;
            // No answer at all is one that is not 200 either.
            let status = self.post().await.unwrap_or(0);
            let now = Instant::now();
            times.posted();
            if status != 200 {
                // Only who is answered 200 can rely on it that the connection stays open.
                self.stream = open(self.address).await?;
            }
            if due >= begin && (now < end || matches!(pace, Pace::Open { .. })) {
                times.add(now - due, status);
            }
            due = match pace {
                Pace::Closed => now,
                Pace::Open { every, .. } => due + every,
            };
        }
        Ok(times)
    }

    fn may_post(&self) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        let left = &self.left;
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
            .is_ok()
    }

    async fn post(&mut self) -> anyhow::Result<u16> {
        let request = &self.requests[self.next % self.requests.len()];
        self.next += 1;
        self.stream.write_all(request).await?;
        let mut answer = Vec::with_capacity(512);
        loop {
            anyhow::ensure!(self.stream.read_buf(&mut answer).await? > 0, "closed");
            if let Some(status) = whole(&answer)? {
                return Ok(status);
            }
        }
    }
}

async fn sleep_until_due(due: Instant) {
    if due > Instant::now() {
        sleep_until(due).await;
    }
}

/// The status of an answer that has come to its end.
fn whole(answer: &[u8]) -> anyhow::Result<Option<u16>> {
    let text = std::str::from_utf8(answer)?;
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Ok(None);
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.context("no content-length")?.parse()?;
    if body.len() < length {
        return Ok(None);
    }
    let status = head.get(9..12).context("no status")?;
    Ok(Some(status.parse()?))
}
