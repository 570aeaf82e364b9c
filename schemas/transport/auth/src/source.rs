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
                // One that gave no token is made anew, with the authorities that its file has then.
                let fetched = provider.fetch(SystemTime::now).await?;
                self.provider = Some(provider);
                Ok(fetched)
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

#[cfg(test)]
mod tests {
    use wiremock::matchers::method;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::OidcSettings;

    #[tokio::test]
    async fn the_authorities_of_a_provider_are_read_again_after_it_gave_no_token() {
        let (server, folder) = (MockServer::start().await, tempfile::tempdir().unwrap());
        let answer = Mock::given(method("POST")).respond_with(ResponseTemplate::new(500));
        answer.mount(&server).await;
        let [secret, ca] = ["secret", "ca"].map(|name| folder.path().join(name));
        std::fs::write(&secret, "s").unwrap();
        std::fs::write(&ca, "").unwrap();
        let settings = OidcSettings {
            token_url: server.uri().parse().unwrap(),
            client_id: "us".to_owned(),
            client_secret_file: secret,
            scope: None,
            audience: None,
            ca_file: Some(ca.clone()),
        };
        let mut source = TokenSource::new(&TokenSettings::Oidc(Box::new(settings)));
        let problem = source.fetch().await.unwrap_err().to_string();
        assert!(problem.ends_with("answered with status 500"), "{problem}");
        std::fs::remove_file(&ca).unwrap();
        let problem = source.fetch().await.unwrap_err().to_string();
        assert!(problem.contains("/ca: "), "{problem}");
    }
}
