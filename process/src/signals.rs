//! What operating systems say to a process.

use std::io;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Does work that can be stopped: SIGTERM or SIGINT asks it to, and a second one gives it up.
///
/// # Errors
///
/// Where the work fails or is given up, or signals cannot be listened to.
pub async fn until_stopped(
    work: impl AsyncFnOnce(CancellationToken) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let signals = Signals::listen().context("signals cannot be listened to")?;
    let stop = CancellationToken::new();
    tokio::select! {
        result = work(stop.clone()) => result,
        () = signals.stop_then_insist(stop) => anyhow::bail!("ended by a second signal"),
    }
}

/// SIGTERM and SIGINT, listened to from now on.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Starts listening.
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Asks to stop at the first signal, and returns at the second: somebody is out of patience.
    async fn stop_then_insist(mut self, stop: CancellationToken) {
        self.next().await;
        stop.cancel();
        self.next().await;
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
