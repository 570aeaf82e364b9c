//! The parts of a public listener.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use actix_server::ServerBuilder;
use stackone_link_process::spawn::Name;

use crate::metrics::ConnectionMetrics;

/// Limits of the connections to a listener.
#[derive(Debug, Clone)]
pub struct ListenerSettings {
    /// The address that it listens on; port 0 takes any free port.
    pub listen: SocketAddr,
    /// How many threads serve requests; 0 is one for each core.
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
    pub(crate) fn builder(&self) -> ServerBuilder {
        let workers = match self.workers {
            0 => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            workers => workers,
        };
        ServerBuilder::new()
            .workers(workers)
            .max_concurrent_connections(self.max_connections.div_ceil(workers))
            .shutdown_timeout(self.shutdown_deadline.as_secs())
            .disable_signals()
    }
}
