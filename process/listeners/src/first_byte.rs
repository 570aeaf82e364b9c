//! How long a connection may say nothing at all.

use std::time::Duration;

use actix_server::GracefulShutdownSignal;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// Waits until a peer has sent something, or has gone.
///
/// One that says nothing is given up after some time between half of `deadline` and all of it, without an answer, since it
/// has asked nothing. The time is drawn for each, so that thousands that came together do not go, and come back, together.
///
/// # Errors
///
/// It said nothing in time, or the service is to end.
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
