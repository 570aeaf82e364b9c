//! StackOne's API as the pipeline uses it: the only HTTP client code.
//!
//! What the API says, and how its errors are sorted, stands in `stackone-client-types`, whose types
//! are re-exported here for those who make requests.

mod client;
mod key;

pub use client::{Client, ClientOptions, StartError, is_acceptable};
pub use stackone_client_types::{
    Account, ApiError, ApiVersion, ListPage, Listed, Lookup, PersonalFields,
};
