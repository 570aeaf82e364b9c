//! StackOne's API as values: what it says of accounts, and why it gave no usable answer.
//!
//! Pure: the parsers take bytes and give values. Requests are made by `stackone-client`, and
//! whoever only decides on answers depends on this crate alone.
//!
//! Errors are sorted by what the caller will do, never by what went wrong in detail; see
//! [`ApiError`].

mod account;
mod connect_session;
mod error;
mod listing;
mod personal;
mod retry_after;
mod secure_url;

pub use account::{Account, ApiVersion, Deletion, Lookup, Parsed, parse_account, says_not_found};
pub use connect_session::{ConnectSession, ConnectSessionRequest, parse_connect_session};
pub use error::ApiError;
pub use listing::{ListPage, Listed, parse_accounts, parse_list};
pub use personal::PersonalFields;
pub use retry_after::{parse_http_date, parse_retry_after};
pub use secure_url::{BaseUrlError, check_base_url, is_https_or_loopback};

#[cfg(test)]
#[path = "../../../schemas/src/json/strategies.rs"]
mod strategies;
