//! Why connections end otherwise than by being closed.

use std::io;

use actix_http::error::{DispatchError, ParseError};

use super::timed::Cut;
use crate::metrics::connections::ConnectionFailure;

/// What was wrong with a connection.
pub(super) fn failure_of(error: &DispatchError) -> ConnectionFailure {
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
        Some(Cut::NotClosed) => ConnectionFailure::NotClosed,
        None => ConnectionFailure::Broken,
    }
}
