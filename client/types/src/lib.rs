//! StackOne's API as values: what it says of accounts, and why it gave no usable answer.
//!
//! Pure: the parsers take bytes and give values. Requests are made by `stackone-client`, and
//! whoever only decides on answers depends on this crate alone.
//!
//! Errors are sorted by what the caller will do, never by what went wrong in detail; see
//! [`ApiError`].

mod account;
mod error;
mod listing;
mod personal;
mod retry_after;

pub use account::{Account, ApiVersion, Lookup, parse_account, says_not_found};
pub use error::ApiError;
pub use listing::{ListPage, Listed, parse_accounts, parse_list};
pub use personal::PersonalFields;
pub use retry_after::{parse_http_date, parse_retry_after};
