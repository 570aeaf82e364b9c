//! The two listeners: their sockets, their deadlines, their threads, their routes.

mod admin;
mod connections;
mod expect;
mod failure;
mod first_byte;
mod observation;
pub(crate) mod open_files;
mod phase;
mod proxy_protocol;
mod public;
mod routes;
mod socket;
mod timed;
pub(crate) mod tls;

pub(crate) use admin::admin_server;
pub(crate) use public::public_server;
pub use socket::ListenError;
