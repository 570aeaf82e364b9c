//! Holds the connections to a service's two listeners to their limits and deadlines, the same for
//! each service.
//!
//! A connection to the public listener ([`PublicListener`]) is counted against its peer before its
//! first byte is read. Where there is TLS ([`tls`]), the handshake follows. The result is a stream
//! of bytes that ends at its deadlines (`timed`), whoever the peer is, and actix speaks HTTP on it.
//! The service itself brings the routes and their answers.
//!
//! The crate knows neither StackOne nor Kafka.

mod admin;
mod answered;
mod connections;
mod cut;
mod failure;
mod first_byte;
mod listener;
mod metrics;
mod open_files;
mod phase;
mod proxy_protocol;
mod public;
mod run_server;
mod serving;
mod socket;
mod timed;
pub mod tls;

pub use admin::admin_server;
pub use failure::ConnectionFailure;
pub use listener::{ConnectionTasks, ListenerSettings, PublicListener};
pub use metrics::{CertificateMetrics, ConnectionMetrics};
pub use open_files::{OpenFiles, make_room};
pub use public::refuse_none;
pub use run_server::run_server;
pub use socket::ListenError;
