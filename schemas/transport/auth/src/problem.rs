//! Problems with tokens. Each is one line that says what to look at, and holds no secret.

use std::time::Duration;

/// Why there is no token, or why a broker may refuse the current one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenProblem {
    /// A file with a token or a secret cannot be read, or is empty.
    #[error("{0}")]
    File(String),
    /// The text is not a JWT.
    #[error("{0} is no JWT")]
    NotJwt(String),
    /// The token has no expiration time.
    #[error("{0} does not say when it expires")]
    NoExpiry(String),
    /// The token has expired.
    #[error("{what} expired {} s ago by this machine's clock", ago.as_secs())]
    Expired {
        /// The name of the token, for the message.
        what: String,
        /// The time since it expired.
        ago: Duration,
    },
    /// The clocks of this machine and of the issuer differ.
    #[error("{what}: this machine's clock differs by {} s from that of who made it", by.as_secs())]
    Clock {
        /// The name of the token, for the message.
        what: String,
        /// The difference of the clocks.
        by: Duration,
    },
    /// The token is for another audience.
    #[error("{what} is for {}, not for {wanted}", for_nobody(audience))]
    Audience {
        /// The name of the token, for the message.
        what: String,
        /// The audience of the token (`aud`).
        audience: Vec<String>,
        /// The audience that the settings ask for.
        wanted: String,
    },
    /// The identity provider gave no token.
    #[error("identity provider {host}: {problem}")]
    Provider {
        /// The host of its token endpoint.
        host: String,
        /// Its answer, or the failure to get one.
        problem: ProviderProblem,
    },
    /// No token can be signed by AWS credentials.
    #[error("aws_msk_iam: {0}")]
    Aws(#[from] AwsProblem),
}

/// Why no token can be signed by AWS credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AwsProblem {
    /// The build lacks the feature `aws-msk-iam`.
    #[error("this build has none of it; build with --features aws-msk-iam")]
    NotBuilt,
    /// Neither the settings nor AWS's default chain name a region.
    #[error("no region; set region, AWS_REGION, or that of the profile")]
    NoRegion,
    /// AWS's default chain found no credentials, or one of its sources failed.
    #[error("no credentials: {0}")]
    NoCredentials(String),
    /// The credentials have expired.
    #[error("the credentials have expired")]
    Expired,
    /// The signer refused the credentials.
    #[error("cannot sign: {0}")]
    Signature(String),
}

/// What an identity provider did instead of giving a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderProblem {
    /// The HTTP client could not be made.
    #[error("no client for it: {0}")]
    Client(String),
    /// The connection failed or broke.
    #[error("connection failed: {0}")]
    Unreachable(String),
    /// The answer took longer than this.
    #[error("no answer within {} s", .0.as_secs())]
    Slow(Duration),
    /// The provider refused the request with a status of 400 to 499.
    #[error("refused with status {status}{}; check client_id, client_secret_file and scope", word(error.as_deref()))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The error code (RFC 6749, 5.2), where it has the form of one.
        error: Option<String>,
    },
    /// The provider failed with this HTTP status.
    #[error("answered with status {0}")]
    Failed(u16),
    /// The answer contains no token.
    #[error("answered with {0} instead of a token; check token_url")]
    NoToken(String),
}

fn for_nobody(audience: &[String]) -> String {
    match audience {
        [] => "nobody in particular".to_owned(),
        some => some.join(", "),
    }
}

fn word(error: Option<&str>) -> String {
    error.map_or_else(String::new, |error| format!(" ({error})"))
}
