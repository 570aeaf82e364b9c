//! Why there is no token. Each is a line that says what to look at, and holds no secret.

use std::time::Duration;

/// Why there is no token, or why a broker may refuse the one there is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenProblem {
    /// A file with a token or a secret cannot be read, or is empty.
    #[error("{0}")]
    File(String),
    /// What should be a token is none.
    #[error("{0} is no JWT")]
    NotJwt(String),
    /// It does not say when it ends.
    #[error("{0} does not say when it expires")]
    NoExpiry(String),
    /// Its time is over.
    #[error("{what} expired {} s ago by this machine's clock", ago.as_secs())]
    Expired {
        /// Which.
        what: String,
        /// How long ago.
        ago: Duration,
    },
    /// The clocks of this machine and of who made it differ.
    #[error("{what}: this machine's clock differs by {} s from that of who made it", by.as_secs())]
    Clock {
        /// Which.
        what: String,
        /// By how much.
        by: Duration,
    },
    /// It is for somebody else.
    #[error("{what} is for {}, not for {wanted}", for_nobody(audience))]
    Audience {
        /// Which.
        what: String,
        /// Whom it is for.
        audience: Vec<String>,
        /// Whom it should be for.
        wanted: String,
    },
    /// The identity provider gave none.
    #[error("identity provider {host}: {problem}")]
    Provider {
        /// Its host.
        host: String,
        /// What it did.
        problem: ProviderProblem,
    },
    /// None can be signed by AWS credentials.
    #[error("aws_msk_iam: {0}")]
    Aws(#[from] AwsProblem),
}

/// Why no token can be signed by AWS credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AwsProblem {
    /// The feature is off.
    #[error("this build has none of it; build with --features aws-msk-iam")]
    NotBuilt,
    /// Nobody says which region.
    #[error("no region; set region, AWS_REGION, or that of the profile")]
    NoRegion,
    /// The default chain has none, or one of it has failed.
    #[error("no credentials: {0}")]
    NoCredentials(String),
    /// They are good no longer.
    #[error("the credentials have expired")]
    Expired,
    /// They cannot be signed with.
    #[error("cannot sign: {0}")]
    Signature(String),
}

/// What an identity provider did instead of giving a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderProblem {
    /// A client for it cannot be made.
    #[error("no client for it: {0}")]
    Client(String),
    /// It cannot be reached.
    #[error("connection failed: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("no answer within {} s", .0.as_secs())]
    Slow(Duration),
    /// It refused us.
    #[error("refused with status {status}{}; check client_id, client_secret_file and scope", word(error.as_deref()))]
    Refused {
        /// HTTP status.
        status: u16,
        /// The code of RFC 6749, 5.2.
        error: Option<String>,
    },
    /// It cannot answer now.
    #[error("answered with status {0}")]
    Failed(u16),
    /// It answered, and not with a token.
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
