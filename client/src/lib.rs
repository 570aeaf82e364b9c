//! StackOne's API as the pipeline uses it, over HTTP.
//!
//! What the API says, and how its errors are sorted, stands in `stackone-client-types`, whose types
//! are re-exported here for those who make requests.

//!
//! | request | method | gives |
//! | --- | --- | --- |
//! | one account, many, a page of all | [`Client::account`], [`batch`](Client::batch), [`accounts`](Client::accounts) | [`Lookup`], accounts, [`ListPage`] |
//! | whether the key is accepted | [`Client::probe`] | |
//! | `POST /connect_sessions` | [`Client::create_connect_session`] | [`ConnectSession`]: the Hub's token, StackOne's link |
//! | `DELETE /accounts/{id}` | [`Client::delete_account`] | [`Deletion`] |
//! | a JWKS, or another small document | [`BoundedFetch::fetch`] | its bytes |
//!
//! None of them retries, and none waits for a budget: that is the caller's.

mod client;
mod fetch;
mod http;
mod key;

pub use client::{Client, ClientOptions, StartError};
pub use fetch::{BoundedFetch, FETCH_TIMEOUT, FetchError, MAX_DOCUMENT};
pub use stackone_client_types::{
    Account, ApiError, ApiVersion, ConnectSession, ConnectSessionRequest, Deletion, ListPage,
    Listed, Lookup, PersonalFields, is_https_or_loopback,
};
