//! One HTTP request that delivers a webhook.

use std::error::Error;
use std::fmt::Write;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use url::Url;

use crate::delivery::DeliveryOutcome;
use crate::signature::{SIGNATURE_HEADER, SignedBody};

/// A client for webhooks: no proxy from the environment, no redirect followed.
///
/// # Errors
///
/// When the platform's certificates cannot be loaded.
pub fn webhook_client(timeout: Duration) -> Result<Client, reqwest::Error> {
    // The first one in the process counts; it may have been installed by somebody else.
    let _installed_already = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .timeout(timeout)
        .no_proxy()
        .redirect(Policy::none())
        .build()
}

/// The request that StackOne makes: the body, its type and its signature. No other header is
/// documented.
pub fn webhook_request(client: &Client, url: &Url, signed: SignedBody) -> RequestBuilder {
    client
        .post(url.clone())
        .header(CONTENT_TYPE, "application/json")
        .header(SIGNATURE_HEADER, signed.signature)
        .body(signed.body)
}

/// Sends it and waits for the status; the body of the answer does not matter.
pub(crate) async fn post(client: &Client, url: &Url, signed: SignedBody) -> DeliveryOutcome {
    match webhook_request(client, url, signed).send().await {
        Ok(answer) if answer.status().as_u16() == 200 => DeliveryOutcome::Delivered,
        Ok(answer) => DeliveryOutcome::Refused {
            status: answer.status().as_u16(),
        },
        Err(error) => DeliveryOutcome::Unanswered {
            error: describe(error),
        },
    }
}

/// The error with its causes, in one line; the outermost alone says only that a request failed.
#[must_use]
pub fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _infallible = write!(line, ": {error}");
        cause = error.source();
    }
    line
}
