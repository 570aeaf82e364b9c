//! Runs a server on a thread of its own.

use std::io;

use actix_web::dev::{Server, ServerHandle};
use actix_web::rt::System;
use stackone_link_process::spawn::{Name, spawn_blocking};

/// Stops a server whose caller has gone.
struct Stopping(ServerHandle);

impl Drop for Stopping {
    fn drop(&mut self) {
        drop(self.0.stop(false));
    }
}

/// Serves until the server is stopped, or until this is dropped.
///
/// The thread is a system of actix, in which each worker keeps its tasks in a set: whoever wakes
/// several of them from other threads wakes the worker once. A worker of any other thread is woken
/// by a call to the kernel for each (decision 0059).
///
/// # Errors
///
/// Fails where the server does.
pub async fn run_server(name: Name, server: Server) -> io::Result<()> {
    let _stopping = Stopping(server.handle());
    let thread = spawn_blocking(name, move || System::new().block_on(server));
    thread.await.map_err(io::Error::other)?
}
