//! Strangers, who sign nothing right and do not go away: whoever is cut off comes back at once.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep};

use crate::requests::forged;

/// Connections of one address: fewer than `server.max_connections_per_peer`.
const PER_ADDRESS: usize = 2_500;
/// Connections that are being opened at once: the kernel's queue is not endless.
const OPENING: usize = 128;
/// What a slow body sends, and how often.
const PIECE: &[u8] = b" ";
const BETWEEN_PIECES: Duration = Duration::from_secs(1);
/// After a connection that could not be opened.
const PAUSE: Duration = Duration::from_millis(10);

/// What they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Open a connection and send nothing.
    Idle,
    /// Send the headers of a webhook, and then its body a byte a second.
    Slow,
    /// Send webhooks with a wrong signature, as fast as they are refused.
    Forged,
}

impl Kind {
    /// Its name among the arguments.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Slow => "slow",
            Self::Forged => "forged",
        }
    }
}

/// A crowd of them, as a process of its own.
#[derive(Debug, Clone, Args)]
pub(crate) struct Strangers {
    /// Whom they bother.
    #[arg(long)]
    address: SocketAddr,
    /// What they do.
    #[arg(long)]
    kind: Kind,
    /// Connections they have open at any time.
    #[arg(long)]
    count: usize,
}

/// What they did after all of them were there.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Bothered {
    /// Connections that were cut off, a second.
    pub(crate) cut_off_per_second: f64,
}

impl Strangers {
    /// Tells in a line when all are there, goes on until standard input ends, and then tells what
    /// they did.
    pub(crate) fn bother(&self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let bothered = runtime.block_on(self.until_input_ends())?;
        serde_json::to_writer(io::stdout(), &bothered)?;
        Ok(writeln!(io::stdout())?)
    }

    async fn until_input_ends(&self) -> anyhow::Result<Bothered> {
        let request: Arc<[u8]> = forged(self.address)?.into();
        let (opening, cut_off) = (Arc::new(Semaphore::new(OPENING)), Arc::default());
        let (there, mut arrivals) = mpsc::channel(1);
        let mut all = JoinSet::new();
        for number in 0..self.count {
            let from = Ipv4Addr::new(127, 0, 1, u8::try_from(1 + number / PER_ADDRESS)?);
            let stranger = Stranger {
                kind: self.kind,
                from: (from, 0).into(),
                to: self.address,
                request: Arc::clone(&request),
                opening: Arc::clone(&opening),
                cut_off: Arc::clone(&cut_off),
            };
            all.spawn(stranger.come_back_for_ever(there.clone()));
        }
        for _ in 0..self.count {
            arrivals.recv().await.context("one gave up")?;
        }
        let (started, before) = (Instant::now(), cut_off.load(Ordering::Relaxed));
        writeln!(io::stdout(), "there")?;
        spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new())).await??;
        let times = cut_off.load(Ordering::Relaxed) - before;
        #[expect(clippy::cast_precision_loss, reason = "they are not 2^52")]
        let per_second = times as f64 / started.elapsed().as_secs_f64();
        Ok(Bothered {
            cut_off_per_second: per_second,
        })
    }
}

struct Stranger {
    kind: Kind,
    from: SocketAddr,
    to: SocketAddr,
    request: Arc<[u8]>,
    opening: Arc<Semaphore>,
    cut_off: Arc<AtomicU64>,
}

impl Stranger {
    async fn come_back_for_ever(self, there: mpsc::Sender<()>) {
        let mut first = Some(there);
        loop {
            let Ok(mut connection) = self.open().await else {
                sleep(PAUSE).await;
                continue;
            };
            if let Some(there) = first.take()
                && there.send(()).await.is_err()
            {
                return;
            }
            // However it ends, it has ended.
            let _cut_off = self.bother(&mut connection).await;
            self.cut_off.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn open(&self) -> anyhow::Result<TcpStream> {
        let _turn = self.opening.acquire().await?;
        let socket = TcpSocket::new_v4()?;
        socket.bind(self.from)?;
        Ok(socket.connect(self.to).await?)
    }

    async fn bother(&self, connection: &mut TcpStream) -> io::Result<()> {
        match self.kind {
            Kind::Idle => {}
            Kind::Slow => {
                let head = self.request.windows(4).position(|end| end == b"\r\n\r\n");
                let body = head.map_or(self.request.len(), |head| head + 4);
                connection.write_all(&self.request[..body]).await?;
                let (mut answer, mut writer) = connection.split();
                let mut buffer = [0; 1024];
                loop {
                    tokio::select! {
                        _answered = answer.read(&mut buffer) => return Ok(()),
                        () = sleep(BETWEEN_PIECES) => writer.write_all(PIECE).await?,
                    }
                }
            }
            Kind::Forged => connection.write_all(&self.request).await?,
        }
        let mut answer = Vec::with_capacity(512);
        connection.read_to_end(&mut answer).await.map(drop)
    }
}
