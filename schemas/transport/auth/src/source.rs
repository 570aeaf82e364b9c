//! Reads or fetches tokens.

use std::time::{Duration, SystemTime};

#[cfg(not(feature = "aws-msk-iam"))]
use crate::AwsProblem;
#[cfg(feature = "aws-msk-iam")]
use crate::msk_iam;
use crate::oidc::Provider;
use crate::{Fetched, TokenProblem, TokenSettings, file};

/// How long an identity provider, or a source of AWS credentials, may take to answer.
pub const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// A source of tokens.
pub struct TokenSource {
    settings: TokenSettings,
    provider: Option<Provider>,
}

impl TokenSource {
    /// Makes a source. Reads no file and connects to nobody.
    #[must_use]
    pub fn new(settings: &TokenSettings) -> Self {
        let settings = settings.clone();
        Self {
            settings,
            provider: None,
        }
    }

    /// Returns whether a fetch only reads a file, so that it needs no pause between attempts.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        match self.settings {
            TokenSettings::TokenFile { .. } => true,
            TokenSettings::Oidc(_) | TokenSettings::AwsMskIam { .. } => false,
        }
    }

    /// Reads or fetches a token. Waits for at most [`FETCH_TIMEOUT`]; reads files on the calling
    /// thread.
    ///
    /// # Errors
    ///
    /// Fails where no usable token was found.
    pub async fn fetch(&mut self) -> Result<Fetched, TokenProblem> {
        match &self.settings {
            TokenSettings::TokenFile { file, audience } => {
                file::token(file, audience.as_deref(), SystemTime::now())
            }
            TokenSettings::Oidc(settings) => {
                let provider = match self.provider.take() {
                    Some(provider) => provider,
                    None => Provider::new(settings, FETCH_TIMEOUT)?,
                };
                let provider = self.provider.insert(provider);
                provider.fetch(SystemTime::now).await
            }
            #[cfg(feature = "aws-msk-iam")]
            TokenSettings::AwsMskIam { region } => {
                let token = msk_iam::token(region.as_deref(), FETCH_TIMEOUT).await?;
                Ok(Fetched { token, doubt: None })
            }
            #[cfg(not(feature = "aws-msk-iam"))]
            TokenSettings::AwsMskIam { .. } => Err(AwsProblem::NotBuilt.into()),
        }
    }
}
