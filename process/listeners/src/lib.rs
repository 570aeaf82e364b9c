//! What holds connections to a service's two listeners to their limits and deadlines, the same for each service.
//!
//! A connection to the public listener ([`PublicListener`]) is counted against its peer before its first byte is read,
//! shakes hands where there is TLS ([`tls`]), and is a stream of bytes then that ends when it is time (`timed`), whoever
//! is at its other end. HTTP is spoken on it by actix. What its routes are, and what they answer, is the service's own.
//!
//! It knows neither StackOne nor Kafka.

mod admin;
mod answered;
mod connections;
mod failure;
mod first_byte;
mod listener;
mod metrics;
mod open_files;
mod phase;
mod proxy_protocol;
mod public;
mod serving;
mod socket;
mod timed;
pub mod tls;

pub use admin::admin_server;
pub use failure::ConnectionFailure;
pub use listener::{ConnectionTasks, ListenerSettings, PublicListener};
pub use metrics::{CertificateMetrics, ConnectionMetrics};
pub use open_files::make_room;
pub use public::refuse_none;
pub use socket::ListenError;
