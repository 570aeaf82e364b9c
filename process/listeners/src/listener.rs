//! The parts of a public listener.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use actix_server::ServerBuilder;
use stackone_link_process::spawn::Name;

use crate::metrics::ConnectionMetrics;

/// The most threads that actix can have.
const MOST_WORKERS: usize = 512;

/// Limits of the connections to a listener.
#[derive(Debug, Clone)]
pub struct ListenerSettings {
    /// The address that it listens on; port 0 takes any free port.
    pub listen: SocketAddr,
    /// How many threads serve requests; 0 is one for each core, up to 512.
    pub workers: usize,
    /// How many connections may be open at once, over all threads.
    pub max_connections: usize,
    /// How many connections one peer may have open: an IPv4 address or a /64 of IPv6.
    pub max_connections_per_peer: usize,
    /// How long a connection stays open without a request.
    pub keep_alive: Duration,
    /// How long a head may take from its first byte; also how long the first byte may take.
    pub header_deadline: Duration,
    /// How long requests may take once no more connections are accepted. Fractions of a second are
    /// dropped.
    pub shutdown_deadline: Duration,
}

/// The names of the work for a connection, in the registry of its service.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionTasks {
    /// A connection, from its first byte to its last.
    pub connection: Name,
    /// The handler of a request, which runs on its connection's task.
    pub request: Name,
}

/// A public listener, and what the service does on it.
#[derive(Clone)]
pub struct PublicListener<C, E> {
    /// Limits of its connections.
    pub settings: ListenerSettings,
    /// The metrics that count its connections.
    pub metrics: ConnectionMetrics,
    /// The names of its tasks in the registry of its service.
    pub tasks: ConnectionTasks,
    /// Registers the routes and their data.
    pub configure: C,
    /// Answers a head that asks before it sends a body (`Expect: 100-continue`), where the service
    /// refuses it.
    pub refuse: E,
}

impl ListenerSettings {
    /// Lists what no listener could serve with, one line each.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.workers > MOST_WORKERS {
            let workers = self.workers;
            problems.push(format!(
                "server.workers: {workers} is more than {MOST_WORKERS}"
            ));
        }
        let longest = self.keep_alive.saturating_add(self.header_deadline);
        if Instant::now().checked_add(longest).is_none() {
            problems.push(
                "server.keep_alive and server.header_deadline: together they never end".to_owned(),
            );
        }
        problems
    }

    pub(crate) fn builder(&self) -> ServerBuilder {
        let workers = match self.workers {
            0 => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            workers => workers,
        };
        let workers = workers.min(MOST_WORKERS);
        ServerBuilder::new()
            .workers(workers)
            .max_concurrent_connections(self.max_connections.div_ceil(workers))
            .shutdown_timeout(self.shutdown_deadline.as_secs())
            .disable_signals()
    }
}
