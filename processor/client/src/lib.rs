//! StackOne's API as the pipeline uses it: the only HTTP client code.
//!
//! Errors are sorted by what the caller will do, never by what went wrong in detail; see [`ApiError`].

mod accounts;
mod client;
mod error;
mod key;
mod listing;
mod personal;
mod retry_after;

pub use accounts::{Account, ApiVersion, Lookup};
pub use client::{Client, ClientOptions, StartError, is_acceptable};
pub use error::ApiError;
pub use listing::{ListPage, Listed};
pub use personal::PersonalFields;
