//! The deadline of a connection's first byte.

use std::time::Duration;

use actix_server::GracefulShutdownSignal;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// Waits until the peer has sent a byte or has gone.
///
/// A silent connection is dropped after a random time between half of `deadline` and all of it, so
/// that thousands that came together neither leave nor return together. It gets no answer, since it
/// asked nothing.
///
/// # Errors
///
/// Fails where the peer was silent for that time, or the service is to stop.
pub(crate) async fn first_byte(
    stream: TcpStream,
    deadline: Duration,
    stopping: GracefulShutdownSignal,
) -> Result<TcpStream, ()> {
    let patience = deadline.mul_f64(0.5 + fastrand::f64() / 2.0);
    let readable = tokio::select! {
        readable = stream.readable() => readable.is_ok(),
        () = sleep(patience) => false,
        () = stopping.notified() => false,
    };
    readable.then_some(stream).ok_or(())
}
