//! The source of a password or token, and how often it is read or fetched.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Instant, SystemTime};

use stackone_link_kafka_auth::{Fetched, Pace, TokenSource};
use tokio::runtime::{Builder, Runtime};

use super::{Credential, Credentials};
use crate::Security;
use crate::security::read_password;

/// The source that is polled once a second.
pub(super) enum Source {
    Password(PathBuf),
    Token {
        source: Box<TokenSource>,
        pace: Pace,
        /// The runtime that tokens are fetched on; made at the first attempt.
        runtime: Option<Runtime>,
    },
}

impl Source {
    /// Returns the source for these settings; `None` where brokers get neither password nor token.
    pub(super) fn of(security: &Security) -> Option<Self> {
        match security {
            Security::Plaintext | Security::Tls { .. } => None,
            Security::SaslTls { password_file, .. } => Some(Self::Password(password_file.clone())),
            Security::OauthTls { token, .. } => Some(Self::Token {
                source: Box::new(TokenSource::new(token)),
                pace: Pace::new(Instant::now()),
                runtime: None,
            }),
        }
    }

    /// Reads or fetches the credential, if it is due.
    pub(super) fn look(&mut self, credentials: &Credentials) {
        match self {
            Self::Password(file) => {
                let read = read_password(file).map_err(|error| error.to_string());
                credentials.looked(read.map(|password| (Credential::Password(password), None)));
            }
            Self::Token {
                source,
                pace,
                runtime,
            } => {
                if credentials.was_refused.swap(false, Ordering::Relaxed) {
                    pace.refused();
                }
                if source.is_local() || pace.is_due(Instant::now()) {
                    let fetched = fetch(source, runtime);
                    pace.fetched(Instant::now(), lifetime(fetched.as_ref().ok()));
                    credentials.looked(fetched.map(taken));
                }
            }
        }
    }
}

fn fetch(source: &mut TokenSource, runtime: &mut Option<Runtime>) -> Result<Fetched, String> {
    let made = match runtime.take() {
        Some(runtime) => runtime,
        None => Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?,
    };
    let fetched = made.block_on(source.fetch());
    *runtime = Some(made);
    fetched.map_err(|problem| problem.to_string())
}

fn lifetime(fetched: Option<&Fetched>) -> Option<std::time::Duration> {
    let expires_at = fetched?.token.expires_at;
    Some(
        expires_at
            .duration_since(SystemTime::now())
            .unwrap_or_default(),
    )
}

fn taken(fetched: Fetched) -> (Credential, Option<String>) {
    let doubt = fetched.doubt.map(|doubt| doubt.to_string());
    (Credential::Token(fetched.token), doubt)
}
