//! The signals by which the operating system asks a process to stop.

use std::io;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Does work that can be stopped: the first SIGTERM or SIGINT cancels its token, a second one
/// abandons it.
///
/// # Errors
///
/// Fails where the work fails or is abandoned, or where the process cannot listen to signals.
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

/// SIGTERM and SIGINT, received since this value was made.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Begins to listen.
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Cancels `stop` at the first signal and returns at the second: whoever sends it does not want
    /// to wait.
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
