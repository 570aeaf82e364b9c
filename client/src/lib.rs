//! StackOne's API as the pipeline uses it, over HTTP.
//!
//! What the API says, and how its errors are sorted, stands in `stackone-client-types`, whose types
//! are re-exported here for those who make requests.
//!
//! | request | method | gives |
//! | --- | --- | --- |
//! | one account | [`Client::account`] | [`Lookup`] |
//! | many accounts, one page | [`Client::batch`] | those that the page shows |
//! | a page of all accounts | [`Client::accounts`] | [`ListPage`] |
//! | whether the key is accepted | [`Client::probe`] | |
//! | `POST /connect_sessions` | [`Client::create_connect_session`] | [`ConnectSession`]: the Hub's token, StackOne's link |
//! | `DELETE /accounts/{id}` | [`Client::delete_account`] | [`Deletion`] |
//! | a JWKS, or another small document | [`BoundedFetch::fetch`] | its bytes |
//!
//! None of them retries, and none waits for a budget: that is the caller's. A request takes at most
//! [`ClientOptions::timeout`], its answer included, and an answer is read to a bound.
//!
//! # A lookup, from the request to the decision
//!
//! ```text
//! caller: budget, backoff, breaker        this crate                       StackOne
//! Client::account(id) ------------------> GET /accounts/{id} ------------>
//!                                         Basic auth, at most `timeout`
//! Ok(Lookup::Found | Lookup::NotFound) <- 200, StackOne's own 404 <-------
//! Err(ApiError) <------------------------ everything else
//! ```
//!
//! - A **lookup** is one request for one account. Its answer says how the account stands now; a
//!   webhook only says that something has changed.
//! - The **budget** of a project is how many requests a minute its API key may make. Whoever calls
//!   this crate keeps to it, and to the **backoff** between attempts; nothing in here sleeps.
//! - A **generation** numbers the keys of a client. Whoever was refused remembers the generation it
//!   asked with, and asks again once [`Client::key_replaced`] says that there is a later one.
//! - A **batch** tells only of the accounts that it shows. One that is missing from it is asked for
//!   alone, since a list does not say why it leaves an account out.
//!
//! # An error says what to do
//!
//! [`ApiError`] is sorted by what the caller does next, never by what went wrong in detail: wait
//! and ask again, wait as long as the server says, use another key, or put the work aside. A 404 of
//! an account is no error but an answer, [`Lookup::NotFound`]: it may be too early, or the account
//! is gone, and only who knows its history can tell.
//!
//! # The key
//!
//! [`Client::replace_key`] gives every clone another key while requests are under way. Who was
//! refused waits in [`Client::key_replaced`] instead of asking again with the same key.

mod client;
mod fetch;
mod http;
mod key;

pub use client::{Client, ClientOptions, StartError};
pub use fetch::{BoundedFetch, FETCH_TIMEOUT, FetchError, MAX_DOCUMENT};
pub use stackone_client_types::{
    Account, ApiError, ApiVersion, BaseUrlError, ConnectSession, ConnectSessionRequest, Deletion,
    ListPage, Listed, Lookup, PersonalFields, check_base_url, is_https_or_loopback,
};
