//! Tokens for SASL OAUTHBEARER (KIP-255, RFC 7628). Beside `stackone-client`, no other crate uses
//! an HTTP client: librdkafka would need libcurl to ask an identity provider, and rdkafka's
//! callback for token refresh does not reach every client.
//!
//! - [`TokenSettings`] say where tokens come from. A [`TokenSource`] reads or fetches one.
//! - A [`Token`] is sent to brokers; a [`TokenProblem`] says why there is none.
//! - A [`Pace`] says when the next one is due.
//!
//! The crate knows no Kafka client, starts no thread and keeps no token: `stackone-link-transport`
//! does.

mod clock;
mod file;
mod jwt;
#[cfg(feature = "aws-msk-iam")]
mod msk_iam;
mod oidc;
mod pace;
mod problem;
mod settings;
mod source;
mod token;

pub use clock::MOST_SKEW;
pub use pace::{MOST_OFTEN, Pace};
pub use problem::{AwsProblem, ProviderProblem, TokenProblem};
pub use settings::{Extensions, OidcSettings, TokenSettings};
pub use source::{FETCH_TIMEOUT, TokenSource};
pub use token::{Fetched, Token};
