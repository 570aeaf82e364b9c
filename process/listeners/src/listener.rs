//! What a public listener is made of.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use actix_server::ServerBuilder;
use stackone_link_process::spawn::Name;

use crate::metrics::ConnectionMetrics;

/// How many connections there are, and for how long.
#[derive(Debug, Clone)]
pub struct ListenerSettings {
    /// Where it listens; port 0 takes any free port.
    pub listen: SocketAddr,
    /// Threads that serve requests; 0 is one per core.
    pub workers: usize,
    /// Connections open at once, over all threads.
    pub max_connections: usize,
    /// Connections open at once from one peer: an IPv4 address or a /64 of IPv6.
    pub max_connections_per_peer: usize,
    /// How long a connection without a request stays open.
    pub keep_alive: Duration,
    /// How long a head may take from its first byte, and the first byte itself.
    pub header_deadline: Duration,
    /// How long what is in flight may take once nothing more is accepted; whole seconds.
    pub shutdown_deadline: Duration,
}

/// What the work for a connection is called, in the registry of its service.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionTasks {
    /// A connection, from its first byte to its last.
    pub connection: Name,
    /// The handler of a request, on the connection's task.
    pub request: Name,
}

/// A public listener and what a service does on it.
#[derive(Clone)]
pub struct PublicListener<C, E> {
    /// How many connections there are, and for how long.
    pub settings: ListenerSettings,
    /// Where connections are counted.
    pub metrics: ConnectionMetrics,
    /// The names of its tasks in the registry of its service.
    pub tasks: ConnectionTasks,
    /// Gives the routes and their data.
    pub configure: C,
    /// The answer to a head that asks before it sends a body (`Expect: 100-continue`), where it is refused.
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
