//! The ways in which a connection fails.

use std::io;

use actix_http::error::{DispatchError, ParseError};

use crate::cut::Cut;

/// Why a connection ended otherwise than by being closed: label of its metric, and reason in the
/// log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ConnectionFailure {
    /// The bytes are no HTTP, or HTTP that cannot be told from another request (RFC 9112, 11.2).
    NotHttp,
    /// The head of a request took longer than `server.header_deadline`.
    HeadTooSlow,
    /// The head of a request is larger than 16 KiB.
    HeadTooLarge,
    /// The connection begins with the PROXY protocol.
    ProxyProtocol,
    /// The peer read nothing of an answer for 30 s.
    NotRead,
    /// The peer left the connection open after its last answer.
    NotClosed,
    /// The peer or the network broke the connection.
    Broken,
    /// The service or actix has a bug.
    Internal,
}

impl ConnectionFailure {
    /// Returns the value of the metric's label `reason`, which is also the reason in the log.
    #[must_use]
    pub fn reason(self) -> &'static str {
        self.into()
    }
}

/// Maps an error of actix's dispatcher, which serves the requests of a connection.
pub(crate) fn failure_of(error: &DispatchError) -> ConnectionFailure {
    match error {
        DispatchError::Io(error) => of_io(error),
        DispatchError::Parse(ParseError::Io(error)) => of_io(error),
        DispatchError::Parse(ParseError::TooLarge) => ConnectionFailure::HeadTooLarge,
        DispatchError::Parse(_) => ConnectionFailure::NotHttp,
        DispatchError::SlowRequestTimeout => ConnectionFailure::HeadTooSlow,
        DispatchError::DisconnectTimeout => ConnectionFailure::NotClosed,
        DispatchError::Service(_)
        | DispatchError::Body(_)
        | DispatchError::Upgrade
        | DispatchError::HandlerDroppedPayload
        | DispatchError::InternalError
        | _ => ConnectionFailure::Internal,
    }
}

fn of_io(error: &io::Error) -> ConnectionFailure {
    let cut = error.get_ref().and_then(|inner| inner.downcast_ref());
    match cut {
        Some(Cut::HeadTooSlow) => ConnectionFailure::HeadTooSlow,
        Some(Cut::HeadTooLarge) => ConnectionFailure::HeadTooLarge,
        Some(Cut::ProxyProtocol) => ConnectionFailure::ProxyProtocol,
        Some(Cut::NotRead) => ConnectionFailure::NotRead,
        Some(Cut::NotClosed) => ConnectionFailure::NotClosed,
        None => ConnectionFailure::Broken,
    }
}
