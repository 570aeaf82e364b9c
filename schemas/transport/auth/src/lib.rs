//! Tokens for SASL OAUTHBEARER. Beside `stackone-client` the only user of an HTTP client: librdkafka
//! would need libcurl to ask an identity provider, and rdkafka's refresh event does not reach every
//! client.
//!
//! - [`TokenSettings`]: where tokens come from. [`TokenSource`] reads or fetches one.
//! - [`Token`]: what a broker is shown; [`TokenProblem`]: why there is none.
//! - [`Pace`]: when the next one is due.
//!
//! Nothing here knows Kafka's clients, starts a thread or keeps a token: that is the transport's.

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
