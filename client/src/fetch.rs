//! A bounded fetch of a small public document, such as a JWKS (RFC 7517).

use std::error::Error;
use std::time::Duration;

use reqwest::StatusCode;
use stackone_client_types::is_https_or_loopback;
use url::Url;

use crate::StartError;
use crate::http::{self, BodyError};

/// How long a fetch may take, its answer included.
pub const FETCH_TIMEOUT: Duration = Duration::from_secs(2);
/// Largest document that is read, in bytes.
pub const MAX_DOCUMENT: usize = 64 * 1024;

/// Fetches one document, always from the same URL: over https (plain http from loopback only),
/// without redirects, in at most [`FETCH_TIMEOUT`], of at most [`MAX_DOCUMENT`] bytes.
///
/// No credentials are sent. What the document says is for the caller to judge.
#[derive(Debug, Clone)]
pub struct BoundedFetch {
    http: reqwest::Client,
    url: Url,
}

/// Why there is no document. A caller that has an older one keeps it.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// 408, 429, 5xx, a timeout, a connection that failed or broke: try again later.
    #[error("unavailable: {reason}")]
    Unavailable {
        /// A status, or a few words for logs.
        reason: String,
        /// The transport's error, where there was no whole answer.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// Any other status, redirects included: the URL is not that of a document.
    #[error("answered with status {status}")]
    Rejected {
        /// The HTTP status of the answer.
        status: u16,
    },
    /// An answer that is not taken: over [`MAX_DOCUMENT`], or packed in a way that cannot be read.
    #[error("unreadable: {reason}")]
    Unreadable {
        /// The fault of the answer.
        reason: &'static str,
    },
}

impl BoundedFetch {
    /// Makes a fetch from `url`, which connects at its first request.
    ///
    /// # Errors
    ///
    /// Fails where the URL is neither https nor loopback, or the system's certificates cannot be
    /// used.
    pub fn new(url: Url) -> Result<Self, StartError> {
        if !is_https_or_loopback(&url) {
            return Err(StartError::NotHttps(url));
        }
        let http = http::client(FETCH_TIMEOUT)?;
        Ok(Self { http, url })
    }

    /// Fetches the document as it is now.
    ///
    /// # Errors
    ///
    /// See [`FetchError`].
    pub async fn fetch(&self) -> Result<Vec<u8>, FetchError> {
        let request = self.http.get(self.url.clone());
        let response = request.header("accept", "application/json").send().await;
        let response = response.map_err(no_answer)?;
        let status = response.status();
        match status {
            StatusCode::OK => {}
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                return Err(unavailable(status));
            }
            _ if status.is_server_error() => return Err(unavailable(status)),
            _ => {
                return Err(FetchError::Rejected {
                    status: status.as_u16(),
                });
            }
        }
        http::body(response, MAX_DOCUMENT)
            .await
            .map_err(|error| match error {
                BodyError::TooLong => FetchError::Unreadable {
                    reason: "over 64 KiB",
                },
                BodyError::NotGzip => FetchError::Unreadable {
                    reason: "not gzip although it says so",
                },
                BodyError::Broken(error) => no_answer(error),
            })
    }
}

fn unavailable(status: StatusCode) -> FetchError {
    FetchError::Unavailable {
        reason: format!("status {}", status.as_u16()),
        source: None,
    }
}

fn no_answer(error: reqwest::Error) -> FetchError {
    FetchError::Unavailable {
        reason: http::failure(&error).to_owned(),
        // A URL may be longer than a log line should be; whoever logs this knows it.
        source: Some(Box::new(error.without_url())),
    }
}
