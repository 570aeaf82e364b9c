//! Why connections end otherwise than by being closed.

use std::io;

use actix_http::error::{DispatchError, ParseError};

use super::timed::Cut;

/// What was wrong with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectionFailure {
    /// What was said on it is no HTTP, or none that can be told from another request.
    NotHttp,
    /// The head of a request did not come within `server.header_deadline`.
    HeadTooSlow,
    /// The head of a request is larger than any may be.
    HeadTooLarge,
    /// It begins with the PROXY protocol.
    ProxyProtocol,
    /// It had its last answer, and was not closed by its other end.
    NotClosed,
    /// The other end, or the network, broke it off.
    Broken,
    /// A bug, of ours or of actix.
    Internal,
}

impl ConnectionFailure {
    /// All there are.
    pub(crate) const ALL: [Self; 7] = [
        Self::NotHttp,
        Self::HeadTooSlow,
        Self::HeadTooLarge,
        Self::ProxyProtocol,
        Self::NotClosed,
        Self::Broken,
        Self::Internal,
    ];

    /// Label of its metric, and reason in the log.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::NotHttp => "not_http",
            Self::HeadTooSlow => "head_too_slow",
            Self::HeadTooLarge => "head_too_large",
            Self::ProxyProtocol => "proxy_protocol",
            Self::NotClosed => "not_closed",
            Self::Broken => "broken",
            Self::Internal => "internal",
        }
    }

    pub(super) fn of(error: &DispatchError) -> Self {
        match error {
            DispatchError::Io(error) => Self::of_io(error),
            DispatchError::Parse(ParseError::Io(error)) => Self::of_io(error),
            DispatchError::Parse(ParseError::TooLarge) => Self::HeadTooLarge,
            DispatchError::Parse(_) => Self::NotHttp,
            DispatchError::SlowRequestTimeout => Self::HeadTooSlow,
            DispatchError::DisconnectTimeout => Self::NotClosed,
            DispatchError::Service(_)
            | DispatchError::Body(_)
            | DispatchError::Upgrade
            | DispatchError::HandlerDroppedPayload
            | DispatchError::InternalError
            | _ => Self::Internal,
        }
    }

    fn of_io(error: &io::Error) -> Self {
        let cut = error.get_ref().and_then(|inner| inner.downcast_ref());
        match cut {
            Some(Cut::HeadTooSlow) => Self::HeadTooSlow,
            Some(Cut::HeadTooLarge) => Self::HeadTooLarge,
            Some(Cut::ProxyProtocol) => Self::ProxyProtocol,
            Some(Cut::NotClosed) => Self::NotClosed,
            None => Self::Broken,
        }
    }
}
