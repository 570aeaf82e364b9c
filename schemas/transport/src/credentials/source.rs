//! The source of a password or token, and how often it is read or fetched.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use secrecy::SecretString;
use stackone_link_kafka_auth::{Fetched, Pace, TokenSource};
use stackone_link_process::secret::{Place, SecretError};
use tokio::runtime::{Builder, Runtime};

use super::credential::Credential;
use crate::Security;

/// The result of an attempt: a credential and why brokers may refuse it, or why there is none.
pub(super) type Found = Result<(Credential, Option<String>), String>;

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

    /// Reads or fetches the credential, if it is due. A token that a broker refused is due sooner.
    pub(super) fn look(&mut self, was_refused: bool) -> Option<Found> {
        match self {
            Self::Password(file) => {
                let read = read_password(file).map_err(|error| error.to_string());
                Some(read.map(|password| (Credential::Password(password), None)))
            }
            Self::Token {
                source,
                pace,
                runtime,
            } => {
                if was_refused {
                    pace.refused();
                }
                if !source.is_local() && !pace.is_due(Instant::now()) {
                    return None;
                }
                let fetched = fetch(source, runtime);
                pace.fetched(Instant::now(), lifetime(fetched.as_ref().ok()));
                Some(fetched.map(taken))
            }
        }
    }
}

/// Reads a password from its file.
pub(crate) fn read_password(file: &Path) -> Result<SecretString, SecretError> {
    let read = Place::File(file.to_owned()).read(&HashMap::new())?;
    Ok(read.value)
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
