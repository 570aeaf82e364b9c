//! The token that authenticates a client to brokers.

use std::time::SystemTime;

use secrecy::SecretString;

use crate::TokenProblem;

/// A token, with what librdkafka has to be told about it.
#[derive(Debug, Clone)]
pub struct Token {
    /// The text that is sent; most often a JWT.
    pub value: SecretString,
    /// The principal: the token's `sub`, or the client's id.
    pub principal: String,
    /// When it expires, by this machine's clock.
    pub expires_at: SystemTime,
}

/// A token that was just read or fetched.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The token, which can be used.
    pub token: Token,
    /// Why a broker may refuse it all the same.
    pub doubt: Option<TokenProblem>,
}
