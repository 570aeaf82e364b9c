//! The client of one project: authentication, and the requests that there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::DATE;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use secrecy::SecretString;
use stackone_client_types::{
    Account, ApiError, ApiVersion, BaseUrlError, ConnectSession, ConnectSessionRequest, Deletion,
    ListPage, Lookup, Parsed, PersonalFields, check_base_url, parse_account, parse_accounts,
    parse_connect_session, parse_http_date, parse_list, says_not_found,
};
use stackone_link_schemas::AccountId;
use url::Url;

use crate::http::{self, BodyError, header, no_answer, sorted};
use crate::key::ApiKey;

/// Largest answer that is read, in bytes.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// Settings of the client of one project.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// `https://api.stackone.com`, or another host. Plain http is allowed to loopback only.
    pub base_url: Url,
    /// The project's API key until [`Client::replace_key`]. It needs the scope to read accounts; to
    /// make connect sessions and to delete accounts, the scopes of these.
    pub api_key: SecretString,
    /// The version of the accounts API: it decides paths and the names of members.
    pub api_version: ApiVersion,
    /// How long one request may take, its answer included.
    pub timeout: Duration,
    /// Which fields that may be personal data the snapshots contain.
    pub personal: PersonalFields,
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The base of the API cannot be used.
    #[error(transparent)]
    BaseUrl(#[from] BaseUrlError),
    /// What is fetched could be anybody's.
    #[error("{0} must be https; plain http is allowed to loopback only")]
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
    is_difference_told: Arc<AtomicBool>,
}

impl Client {
    /// Makes a client, which connects at its first request.
    ///
    /// # Errors
    ///
    /// Fails where the base URL is neither https nor loopback or has more than a path, or the
    /// system's certificates cannot be used.
    pub fn new(options: ClientOptions) -> Result<Self, StartError> {
        check_base_url(&options.base_url)?;
        let http = http::client(options.timeout)?;
        let key = ApiKey::new(options.api_key.clone());
        Ok(Self {
            http,
            key,
            options,
            is_difference_told: Arc::default(),
        })
    }

    /// Uses another API key for every request that begins from now on. Returns false where it is
    /// the same as before.
    pub fn replace_key(&self, key: SecretString) -> bool {
        self.key.replace(key)
    }

    /// Returns how often the API key was replaced: the *generation* of the key, 0 at first.
    #[must_use]
    pub fn key_generation(&self) -> u64 {
        self.key.generation()
    }

    /// Waits until the key was replaced more often than `generation` times.
    pub async fn key_replaced(&self, generation: u64) {
        self.key.replaced(generation).await;
    }

    /// Asks for one account: a *lookup*. One request, never repeated here.
    ///
    /// # Errors
    ///
    /// See [`ApiError`].
    pub async fn account(&self, id: &AccountId) -> Result<Lookup, ApiError> {
        let response = self.get(self.accounts_url(Some(id))).await?;
        match response.status() {
            StatusCode::OK => {
                let (version, personal) = (self.options.api_version, self.options.personal);
                let read = parse_account(&body(response).await?, id, version, personal)?;
                Ok(Lookup::Found(Box::new(self.noticed(read))))
            }
            StatusCode::NOT_FOUND => not_found(&body(response).await?).map(|()| Lookup::NotFound),
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

    /// Probes as [`Self::probe`] does. Also returns the `Date` of the answer, to the second, by the
    /// server's clock, whether or not the key was accepted.
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

    /// Asks for a page of the accounts of the project; none for the first, whatever its number is
    /// (which is not documented).
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

    /// Asks for several accounts at once: those that a list filtered by these ids shows, by the ids
    /// that it gives them, in its order. An id that is not among them tells nothing: a list does
    /// not say why it leaves an account out.
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
        let (version, personal) = (self.options.api_version, self.options.personal);
        let read = parse_accounts(&self.list(url).await?, version, personal)?;
        Ok(self.noticed(read))
    }

    /// Makes a connect session: a token with which the customer can link an account.
    ///
    /// Not idempotent, but harmless to repeat: a session that nobody uses ends by itself. It needs
    /// a key that may write connect sessions. The path is the same for both API versions.
    ///
    /// # Errors
    ///
    /// See [`ApiError`]; `Rejected` says that StackOne does not take this request.
    pub async fn create_connect_session(
        &self,
        session: &ConnectSessionRequest,
    ) -> Result<ConnectSession, ApiError> {
        let url = self.url(&["connect_sessions"]);
        let request = self.request(Method::POST, url).json(session);
        let response = request.send().await.map_err(no_answer)?;
        match response.status() {
            StatusCode::OK | StatusCode::CREATED => parse_connect_session(&body(response).await?),
            _ => Err(sorted(&response)),
        }
    }

    /// Deletes an account at StackOne, by v1's path, the one that is documented. What becomes of it
    /// is told by webhooks and lookups, as for any account.
    ///
    /// # Errors
    ///
    /// See [`ApiError`].
    pub async fn delete_account(&self, id: &AccountId) -> Result<Deletion, ApiError> {
        let url = self.url(&["accounts", id.as_str()]);
        let request = self.request(Method::DELETE, url);
        let response = request.send().await.map_err(no_answer)?;
        match response.status() {
            // The answer is the account as it was, which nobody needs: the status says it all.
            StatusCode::OK | StatusCode::ACCEPTED | StatusCode::NO_CONTENT => Ok(Deletion::Deleted),
            StatusCode::NOT_FOUND => not_found(&body(response).await?).map(|()| Deletion::NotFound),
            _ => Err(sorted(&response)),
        }
    }

    /// Returns the value that was read. Where an account has a member under the names of both API
    /// versions with two values, the first such account is logged.
    fn noticed<T>(&self, read: Parsed<T>) -> T {
        if let Some(member) = read.differing
            && !self.is_difference_told.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                member,
                "an account has this member under the names of both API versions, and they differ; \
                 that of api_version is taken"
            );
        }
        read.value
    }

    async fn list(&self, url: Url) -> Result<Vec<u8>, ApiError> {
        let response = self.get(url).await?;
        if response.status() != StatusCode::OK {
            return Err(sorted(&response));
        }
        body(response).await
    }

    async fn get(&self, url: Url) -> Result<Response, ApiError> {
        let request = self.request(Method::GET, url);
        request.send().await.map_err(no_answer)
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        // Basic authentication with the key as user name and an empty password; the colon is sent.
        let request = self
            .key
            .with(|key| self.http.request(method, url).basic_auth(key, Some("")));
        request.header("accept", "application/json")
    }

    fn accounts_url(&self, id: Option<&AccountId>) -> Url {
        let version = match self.options.api_version {
            ApiVersion::V1 => None,
            ApiVersion::V2 => Some("v2"),
        };
        let id = id.map(AccountId::as_str);
        let path: Vec<&str> = version.into_iter().chain(["accounts"]).chain(id).collect();
        self.url(&path)
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.options.base_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
}

/// Checks that a 404 is StackOne's own.
fn not_found(body: &[u8]) -> Result<(), ApiError> {
    if says_not_found(body) {
        return Ok(());
    }
    let reason = "404 without StackOne's error body";
    Err(ApiError::unavailable(reason, None))
}

async fn body(response: Response) -> Result<Vec<u8>, ApiError> {
    http::body(response, MAX_ANSWER)
        .await
        .map_err(|error| match error {
            BodyError::TooLong => ApiError::unreadable("answer over 4 MiB"),
            BodyError::NotGzip => ApiError::unreadable("not gzip although it says so"),
            BodyError::Broken(error) => no_answer(error),
        })
}
