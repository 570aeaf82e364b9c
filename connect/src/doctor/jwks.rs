//! Checks that the key set of each issuer can be read and contains a usable key.

use stackone_client::BoundedFetch;
use url::Url;

use super::finding::{Check, Finding};
use crate::config::{Config, IssuerSettings};
use crate::jwt::Keys;

/// Checks every issuer, in the order of the settings.
pub(super) async fn findings(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (issuer, text) in config.settings.issuers.iter().zip(&config.secrets.jwks) {
        findings.push(match (text, &issuer.jwks_url) {
            (Some(text), _) => parsed(issuer, text),
            (None, Some(url)) => fetched(issuer, url).await,
            (None, None) => Finding::unknown(Check::Jwks, issuer.issuer.clone()),
        });
    }
    findings
}

async fn fetched(issuer: &IssuerSettings, url: &Url) -> Finding {
    let advice = "check issuers.jwks_url and the way out to it: https, no redirects, no proxy, 2 s";
    let wrong = |problem: String| {
        let says = format!("{}: {url}: {problem}", issuer.issuer);
        Finding::wrong(Check::Jwks, says, advice)
    };
    match BoundedFetch::new(url.clone()) {
        Ok(fetch) => match fetch.fetch().await {
            Ok(text) => parsed(issuer, &text),
            Err(error) => wrong(error.to_string()),
        },
        Err(error) => wrong(error.to_string()),
    }
}

fn parsed(issuer: &IssuerSettings, text: &[u8]) -> Finding {
    let name = &issuer.issuer;
    match Keys::parse(text) {
        Ok(keys) => Finding::fine(Check::Jwks, format!("{name}: {} usable keys", keys.len())),
        Err(problem) => Finding::wrong(
            Check::Jwks,
            format!("{name}: the key set cannot be used: {problem}"),
            "have the host product publish a set with such a key",
        ),
    }
}
