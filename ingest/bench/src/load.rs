//! The load generator. Closed loop: each connection sends when it has its answer. Open loop: requests are due at fixed
//! times, and a time counts from when its request was *due*, so that a stall is not hidden by what was not sent meanwhile.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
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
const WARM_UP: Duration = Duration::from_millis(500);
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
}

/// When one connection's requests are due.
#[derive(Clone, Copy)]
enum Pace {
    Closed,
    Open { first: Instant, every: Duration },
}

impl Load {
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
        let begin = Instant::now() + WARM_UP;
        let mut tasks = JoinSet::new();
        for number in 0..self.connections {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            let connection = Connection {
                stream,
                requests: requests.clone(),
                next: number * STRIDE,
            };
            tasks.spawn(connection.run(self.pace(number, begin)?, begin, begin + within));
        }
        let mut all = Vec::new();
        while let Some(times) = tasks.join_next().await {
            all.push(times??);
        }
        Ok(Times::measured(all, within))
    }

    fn pace(&self, number: usize, begin: Instant) -> anyhow::Result<Pace> {
        let Some(rate) = self.rate else {
            return Ok(Pace::Closed);
        };
        let between = Duration::from_secs(1) / rate;
        Ok(Pace::Open {
            first: begin - WARM_UP + between * u32::try_from(number)?,
            every: between * u32::try_from(self.connections)?,
        })
    }
}

struct Connection {
    stream: TcpStream,
    requests: Arc<Vec<Vec<u8>>>,
    next: usize,
}

impl Connection {
    async fn run(mut self, pace: Pace, begin: Instant, end: Instant) -> anyhow::Result<Times> {
        let mut times = Times::default();
        let mut due = match pace {
            Pace::Closed => Instant::now(),
            Pace::Open { first, .. } => first,
        };
        while due < end {
            sleep_until_due(due).await;
            let status = self.post().await?;
            let now = Instant::now();
            times.posted();
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
