//! The HTTP client: authentication, limits, and sorting answers.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{Response, StatusCode, redirect};
use secrecy::SecretString;
use stackone_client_types::{
    Account, ApiError, ApiVersion, ListPage, Lookup, PersonalFields, parse_account, parse_accounts,
    parse_http_date, parse_list, parse_retry_after, says_not_found,
};
use stackone_link_schemas::AccountId;
use url::Url;

use crate::key::ApiKey;

/// Largest answer that is read, in bytes.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// How to talk to the API for one project.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// `https://api.stackone.com`, or another host. Plain http is allowed to loopback only.
    pub base_url: Url,
    /// The project's API key, to begin with. Needs the scope to read accounts.
    pub api_key: SecretString,
    /// Which accounts API.
    pub api_version: ApiVersion,
    /// How long one request may take, answer included.
    pub timeout: Duration,
    /// Which fields that may be personal data snapshots carry.
    pub personal: PersonalFields,
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The API key would cross the network unencrypted.
    #[error("base_url {0} must be https; plain http is allowed to loopback only")]
    NotHttps(Url),
    /// The HTTP client could not be made.
    #[error("http client: {0}")]
    Http(#[from] reqwest::Error),
}

/// StackOne's API for one project. Clones share the API key.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    key: ApiKey,
    options: ClientOptions,
}

impl Client {
    /// Makes a client. Connects when first used.
    ///
    /// # Errors
    ///
    /// Where the base URL is not acceptable, or the system's certificates cannot be used.
    pub fn new(options: ClientOptions) -> Result<Self, StartError> {
        if !is_acceptable(&options.base_url) {
            return Err(StartError::NotHttps(options.base_url));
        }
        // A second call finds a provider installed, which is all we want.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(concat!("stackone-link/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(options.timeout.min(Duration::from_secs(5)))
            .timeout(options.timeout)
            .build()?;
        let key = ApiKey::new(options.api_key.clone());
        Ok(Self { http, key, options })
    }

    /// Uses another API key for every request that begins from now on. False where it is the same as before.
    pub fn replace_key(&self, key: SecretString) -> bool {
        self.key.replace(key)
    }

    /// How often the API key was replaced.
    #[must_use]
    pub fn key_generation(&self) -> u64 {
        self.key.generation()
    }

    /// Waits until the API key is of a later generation than this one.
    pub async fn key_replaced(&self, generation: u64) {
        self.key.replaced(generation).await;
    }

    /// Asks for one account.
    ///
    /// # Errors
    ///
    /// See [`ApiError`].
    pub async fn account(&self, id: &AccountId) -> Result<Lookup, ApiError> {
        let response = self.get(self.accounts_url(Some(id))).await?;
        match response.status() {
            StatusCode::OK => {
                let account = parse_account(&body(response).await?, id, self.options.personal)?;
                Ok(Lookup::Found(Box::new(account)))
            }
            StatusCode::NOT_FOUND => not_found(&body(response).await?),
            _ => Err(sorted(&response)),
        }
    }

    /// Asks for a page with one account, to see whether the key is accepted.
    ///
    /// # Errors
    ///
    /// See [`ApiError`].
    pub async fn probe(&self) -> Result<(), ApiError> {
        self.probe_with_date().await.1
    }

    /// The same, and when the answer was made by the clock of whoever answered (its `Date` header, to the second), whether
    /// the key was accepted or not.
    pub async fn probe_with_date(&self) -> (Option<Timestamp>, Result<(), ApiError>) {
        let mut url = self.accounts_url(None);
        url.query_pairs_mut().append_pair("page_size", "1");
        let response = match self.get(url).await {
            Ok(response) => response,
            Err(error) => return (None, Err(error)),
        };
        let date = header(response.headers(), &DATE).and_then(parse_http_date);
        let is_accepted = response.status() == StatusCode::OK;
        let answer = if is_accepted {
            Ok(())
        } else {
            Err(sorted(&response))
        };
        (date, answer)
    }

    /// Asks for a page of the accounts of the project; none for the first, whatever its number is (which is not
    /// documented).
    ///
    /// # Errors
    ///
    /// See [`ApiError`].
    pub async fn accounts(&self, page: Option<u32>, page_size: u32) -> Result<ListPage, ApiError> {
        let mut url = self.accounts_url(None);
        url.query_pairs_mut()
            .append_pair("page_size", &page_size.to_string());
        if let Some(page) = page {
            url.query_pairs_mut().append_pair("page", &page.to_string());
        }
        parse_list(&self.list(url).await?)
    }

    /// Asks for several accounts at once: those that a list filtered by these ids shows, by the ids that it gives them,
    /// in its order. An id that is not among them tells nothing: a list does not say why it leaves an account out.
    ///
    /// # Errors
    ///
    /// See [`ApiError`]; they are about the request and not about any of its accounts.
    pub async fn batch(&self, ids: &[AccountId]) -> Result<Vec<(String, Account)>, ApiError> {
        let mut url = self.accounts_url(None);
        for id in ids {
            url.query_pairs_mut()
                .append_pair("account_ids", id.as_str());
        }
        url.query_pairs_mut()
            .append_pair("page_size", &ids.len().to_string());
        parse_accounts(&self.list(url).await?, self.options.personal)
    }

    async fn list(&self, url: Url) -> Result<Vec<u8>, ApiError> {
        let response = self.get(url).await?;
        if response.status() != StatusCode::OK {
            return Err(sorted(&response));
        }
        body(response).await
    }

    async fn get(&self, url: Url) -> Result<Response, ApiError> {
        // Basic authentication with the key as user name and an empty password; the colon is sent.
        let request = self
            .key
            .with(|key| self.http.get(url).basic_auth(key, Some("")));
        let request = request.header("accept", "application/json");
        request.send().await.map_err(no_answer)
    }

    fn accounts_url(&self, id: Option<&AccountId>) -> Url {
        let mut url = self.options.base_url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty();
            if self.options.api_version == ApiVersion::V2 {
                path.push("v2");
            }
            path.push("accounts");
            path.extend(id.map(AccountId::as_str));
        }
        url
    }
}

/// Whether an API key may be sent there: over https, or over plain http to loopback.
#[must_use]
pub fn is_acceptable(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

/// Every answer that is neither a 200 nor StackOne's 404, by what the caller will do.
fn sorted(response: &Response) -> ApiError {
    let status = response.status();
    let retry_after = header(response.headers(), &RETRY_AFTER)
        .and_then(|text| parse_retry_after(text, Timestamp::now()));
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ApiError::Refused {
            status: status.as_u16(),
        },
        StatusCode::TOO_MANY_REQUESTS => ApiError::RateLimited { retry_after },
        StatusCode::REQUEST_TIMEOUT => ApiError::unavailable("status 408", retry_after),
        _ if status.is_client_error() => ApiError::Rejected {
            status: status.as_u16(),
        },
        _ => ApiError::unavailable(format!("status {}", status.as_u16()), retry_after),
    }
}

/// A request that got no whole answer.
fn no_answer(error: reqwest::Error) -> ApiError {
    let reason = if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "connection failed"
    } else {
        "connection broke"
    };
    // The URL holds the account id, and an error is logged.
    ApiError::Unavailable {
        reason: reason.to_owned(),
        retry_after: None,
        source: Some(Box::new(error.without_url())),
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn not_found(body: &[u8]) -> Result<Lookup, ApiError> {
    if says_not_found(body) {
        return Ok(Lookup::NotFound);
    }
    let reason = "404 without StackOne's error body";
    Err(ApiError::unavailable(reason, None))
}

async fn body(mut response: Response) -> Result<Vec<u8>, ApiError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(ApiError::unreadable("answer over 4 MiB"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
