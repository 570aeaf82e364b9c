//! An identity provider that gives tokens for client credentials (RFC 6749, 4.4).

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Certificate, Client, Response, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::clock::{MOST_SKEW, apart};
use crate::jwt::Claims;
use crate::{Fetched, OidcSettings, ProviderProblem, Token, TokenProblem, file};

/// The largest answer that is read, in bytes: tokens with many groups have some 10 KiB.
const MOST_BYTES: usize = 256 * 1024;
/// The longest error code that is repeated in a log, in characters.
const LONGEST_CODE: usize = 64;

/// A client of the provider's token endpoint.
pub(crate) struct Provider {
    client: Client,
    settings: OidcSettings,
    timeout: Duration,
}

/// An answer of the token endpoint (RFC 6749, 5.1 and 5.2).
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    expires_in: Option<f64>,
    #[serde(default)]
    error: Option<String>,
}

impl Provider {
    pub(crate) fn new(settings: &OidcSettings, timeout: Duration) -> Result<Self, TokenProblem> {
        let client = client(settings, timeout);
        let settings = settings.clone();
        match client {
            Ok(client) => Ok(Self {
                client,
                settings,
                timeout,
            }),
            Err(problem) => Err(of_provider(&settings, problem)),
        }
    }

    pub(crate) async fn fetch(&self, clock: fn() -> SystemTime) -> Result<Fetched, TokenProblem> {
        let secret = file::secret(&self.settings.client_secret_file)?;
        let answer = self.ask(&secret).await;
        let answer = answer.map_err(|problem| of_provider(&self.settings, problem))?;
        self.checked(answer, clock())
    }

    async fn ask(&self, secret: &SecretString) -> Result<Answer, ProviderProblem> {
        let request = self
            .client
            .post(self.settings.token_url.clone())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(AUTHORIZATION, basic(&self.settings.client_id, secret))
            .body(form(&self.settings));
        let response = request.send().await.map_err(|error| self.failed(&error))?;
        let (status, kind) = (response.status(), content_type(&response));
        let body = self.body(response).await?;
        let answer = serde_json::from_slice::<Answer>(&body).ok();
        if status.is_client_error() {
            let error = answer.and_then(|answer| answer.error);
            let error = error.filter(|error| is_code(error));
            let status = status.as_u16();
            return Err(ProviderProblem::Refused { status, error });
        }
        if !status.is_success() {
            return Err(ProviderProblem::Failed(status.as_u16()));
        }
        answer.ok_or(ProviderProblem::NoToken(kind))
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, ProviderProblem> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.failed(&error))?
        {
            if body.len() + chunk.len() > MOST_BYTES {
                let what = format!("more than {MOST_BYTES} bytes");
                return Err(ProviderProblem::NoToken(what));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn failed(&self, error: &reqwest::Error) -> ProviderProblem {
        if error.is_timeout() {
            return ProviderProblem::Slow(self.timeout);
        }
        let mut cause: &dyn std::error::Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        ProviderProblem::Unreachable(cause.to_string())
    }

    /// Checks a token. Its `expires_in` counts from now, so that a difference of clocks does not
    /// shorten it.
    fn checked(&self, answer: Answer, now: SystemTime) -> Result<Fetched, TokenProblem> {
        let what = "the identity provider's token";
        let Some(value) = answer.access_token else {
            let nothing = ProviderProblem::NoToken("JSON without access_token".to_owned());
            return Err(of_provider(&self.settings, nothing));
        };
        let claims = Claims::of(&value);
        let claimed = claims.as_ref().and_then(Claims::expires_at);
        let lifetime = answer.expires_in.filter(|seconds| *seconds > 0.0);
        let lifetime = lifetime.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let ends = lifetime.and_then(|lifetime| now.checked_add(lifetime));
        let expires_at = ends.or(claimed);
        let expires_at = expires_at.ok_or_else(|| TokenProblem::NoExpiry(what.to_owned()))?;
        if expires_at <= now {
            let (what, ago) = (what.to_owned(), apart(now, expires_at));
            return Err(TokenProblem::Expired { what, ago });
        }
        let mut doubt = None;
        if let Some(claims) = &claims {
            claims.is_for(self.settings.audience.as_deref(), what)?;
            let by = claimed.map_or(Duration::ZERO, |claimed| apart(claimed, expires_at));
            let what = what.to_owned();
            doubt = (by > MOST_SKEW).then_some(TokenProblem::Clock { what, by });
        }
        let subject = claims.as_ref().and_then(Claims::subject);
        let principal = subject.unwrap_or(&self.settings.client_id).to_owned();
        Ok(Fetched {
            token: Token {
                value: value.into(),
                principal,
                expires_at,
            },
            doubt,
        })
    }
}

fn of_provider(settings: &OidcSettings, problem: ProviderProblem) -> TokenProblem {
    let host = settings.token_url.host_str().unwrap_or_default().to_owned();
    TokenProblem::Provider { host, problem }
}

/// Makes an HTTP client that follows no redirect and uses no proxy from the environment.
fn client(settings: &OidcSettings, timeout: Duration) -> Result<Client, ProviderProblem> {
    // A second call finds a provider installed, which is just as good.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("stackone-link/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .timeout(timeout);
    if let Some(file) = &settings.ca_file {
        let unread = |why: String| ProviderProblem::Client(format!("{}: {why}", file.display()));
        let pem = std::fs::read(file).map_err(|error| unread(error.to_string()))?;
        let some = Certificate::from_pem_bundle(&pem).map_err(|error| unread(error.to_string()))?;
        builder = builder.tls_certs_merge(some);
    }
    let built = builder.build();
    built.map_err(|error| ProviderProblem::Client(error.to_string()))
}

/// Encodes client and secret as form data before they are joined (RFC 6749, 2.3.1).
fn basic(client: &str, secret: &SecretString) -> String {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(client), encoded(secret.expose_secret()));
    format!("Basic {}", STANDARD.encode(pair))
}

fn form(settings: &OidcSettings) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    for (name, value) in [("scope", &settings.scope), ("audience", &settings.audience)] {
        if let Some(value) = value {
            form.append_pair(name, value);
        }
    }
    form.finish()
}

/// Returns the media type of an answer, without parameters.
fn content_type(response: &Response) -> String {
    let header = response.headers().get(CONTENT_TYPE);
    let text = header.and_then(|header| header.to_str().ok());
    let kind = text.and_then(|text| text.split(';').next());
    kind.filter(|kind| !kind.is_empty() && kind.len() <= LONGEST_CODE)
        .unwrap_or("something")
        .to_owned()
}

/// Returns whether the text has the form of an error code, and so is safe to log.
fn is_code(error: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    error.len() <= LONGEST_CODE && error.bytes().all(is_plain)
}

#[cfg(test)]
mod tests;
