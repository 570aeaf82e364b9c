//! What a broker is shown.

use std::time::SystemTime;

use secrecy::SecretString;

use crate::TokenProblem;

/// A token, with what has to be said of it beside.
#[derive(Debug, Clone)]
pub struct Token {
    /// As it is sent; most often a JWT.
    pub value: SecretString,
    /// Who we are by it: its `sub`, or the client's id.
    pub principal: String,
    /// When it ends, by this machine's clock.
    pub expires_at: SystemTime,
}

/// A token as it was read or fetched.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The token.
    pub token: Token,
    /// Why a broker may refuse it, although it is used.
    pub doubt: Option<TokenProblem>,
}
