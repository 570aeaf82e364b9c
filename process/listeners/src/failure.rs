//! Why connections end otherwise than by being closed.

use std::io;

use actix_http::error::{DispatchError, ParseError};

use crate::timed::Cut;

/// What was wrong with a connection that ended otherwise than by being closed: label of its metric,
/// and reason in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ConnectionFailure {
    /// What was said on it is no HTTP, or none that can be told from another request.
    NotHttp,
    /// The head of a request did not come within `server.header_deadline`.
    HeadTooSlow,
    /// The head of a request is larger than any may be.
    HeadTooLarge,
    /// It begins with the PROXY protocol.
    ProxyProtocol,
    /// Its other end took nothing of an answer for half a minute.
    NotRead,
    /// It had its last answer, and was not closed by its other end.
    NotClosed,
    /// The other end, or the network, broke it off.
    Broken,
    /// A bug, of ours or of actix.
    Internal,
}

impl ConnectionFailure {
    /// The value of the label `reason` in metrics, and the reason in the log.
    #[must_use]
    pub fn reason(self) -> &'static str {
        self.into()
    }
}

/// Sorts an error of actix's dispatcher, which serves the requests of a connection.
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
