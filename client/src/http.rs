//! What every request has in common: the HTTP client, reading an answer, and sorting what is none.

use std::io::Read;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{Response, StatusCode, redirect};
use stackone_client_types::{ApiError, parse_retry_after};

/// A client that goes only where it is told: no redirects, no proxies from the environment.
pub(crate) fn client(timeout: Duration) -> reqwest::Result<reqwest::Client> {
    // A second call finds a provider installed, which is all we want.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(concat!("stackone-link/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .connect_timeout(timeout.min(Duration::from_secs(5)))
        .timeout(timeout)
        .build()
}

/// Why a body was not read to its end.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// It is longer than the limit, packed or unpacked.
    TooLong,
    /// It is no gzip although it says so.
    NotGzip,
    /// The connection broke, or the time was up.
    Broken(reqwest::Error),
}

/// Reads a body of at most `limit` bytes. Nobody asks for gzip, but who answers so is understood.
pub(crate) async fn body(mut response: Response, limit: usize) -> Result<Vec<u8>, BodyError> {
    let is_gzip = header(response.headers(), &CONTENT_ENCODING)
        .is_some_and(|encoding| matches!(encoding.trim(), "gzip" | "x-gzip"));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if body.len() + chunk.len() > limit {
            return Err(BodyError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    if is_gzip {
        unpacked(&body, limit)
    } else {
        Ok(body)
    }
}

fn unpacked(packed: &[u8], limit: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = MultiGzDecoder::new(packed)
        .take(most)
        .read_to_end(&mut body);
    match read {
        Err(_corrupt) => Err(BodyError::NotGzip),
        Ok(length) if length > limit => Err(BodyError::TooLong),
        Ok(_) => Ok(body),
    }
}

/// A header as text; nothing where it is absent or no ASCII.
pub(crate) fn header<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// What happened to a request that got no whole answer, in a few words for logs.
pub(crate) fn failure(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "connection failed"
    } else {
        "connection broke"
    }
}

/// A request that got no whole answer.
pub(crate) fn no_answer(error: reqwest::Error) -> ApiError {
    ApiError::Unavailable {
        reason: failure(&error).to_owned(),
        retry_after: None,
        // The URL holds the account id, and an error is logged.
        source: Some(Box::new(error.without_url())),
    }
}

/// Every answer that is not what was asked for, by what the caller will do.
pub(crate) fn sorted(response: &Response) -> ApiError {
    let status = response.status();
    let retry_after = header(response.headers(), &RETRY_AFTER)
        .and_then(|text| parse_retry_after(text, Timestamp::now()));
    let unavailable = || {
        let reason = format!("status {}", status.as_u16());
        ApiError::unavailable(reason, retry_after)
    };
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ApiError::Refused {
            status: status.as_u16(),
        },
        StatusCode::TOO_MANY_REQUESTS => ApiError::RateLimited { retry_after },
        StatusCode::REQUEST_TIMEOUT => unavailable(),
        _ if status.is_client_error() => ApiError::Rejected {
            status: status.as_u16(),
        },
        _ => unavailable(),
    }
}
