//! Holds tokens against Signature Version 4 as others calculate it.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::clock::since_1970;

/// 2026-11-30T08:00:00Z.
const NOW: f64 = 1_796_025_600.0;
const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// Contains characters that a query has to escape.
const SESSION: &str = "AQoDYXdzEJr//+token==";

fn now() -> SystemTime {
    since_1970(NOW).unwrap()
}

fn token_of(session: Option<&str>, expiry: Option<SystemTime>) -> Result<Token, AwsProblem> {
    let session = session.map(str::to_owned);
    let credentials = Credentials::new(KEY, SECRET, session, expiry, "test");
    signed("eu-central-1", credentials, now())
}

fn url(token: &Token) -> Url {
    let url = URL_SAFE_NO_PAD.decode(token.value.expose_secret()).unwrap();
    Url::parse(std::str::from_utf8(&url).unwrap()).unwrap()
}

/// Returns the query without the parameter that names our program.
fn query(url: &Url) -> BTreeMap<String, String> {
    let mut query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    query.remove("User-Agent");
    query
}

/// Calculated by botocore 1.44.8: `SigV4QueryAuth(credentials, "kafka-cluster", "eu-central-1",
/// 900)` for GET of the same URL, with the clock at [`NOW`].
#[test]
fn a_token_is_the_url_that_awss_sdk_for_python_signs() {
    let begin = "https://kafka.eu-central-1.amazonaws.com/?Action=kafka-cluster%3AConnect\
        &X-Amz-Algorithm=AWS4-HMAC-SHA256\
        &X-Amz-Credential=AKIDEXAMPLE%2F20261130%2Feu-central-1%2Fkafka-cluster%2Faws4_request\
        &X-Amz-Date=20261130T080000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host";
    for (session, end) in [
        (
            None,
            "&X-Amz-Signature=199f2220c6f323330b92919b941c5f3a90cf623b68074fc2a271c2a5d78a3546",
        ),
        (
            Some(SESSION),
            "&X-Amz-Security-Token=AQoDYXdzEJr%2F%2F%2Btoken%3D%3D\
             &X-Amz-Signature=b07f0529a3ceb61c77f8fa5fed603a46c3ef1b7d619a9ade5c73b9b9c3df9206",
        ),
    ] {
        let expected = Url::parse(&format!("{begin}{end}")).unwrap();
        let token = url(&token_of(session, None).unwrap());
        assert_eq!(token.host_str(), expected.host_str());
        assert_eq!(token.path(), expected.path());
        assert_eq!(query(&token), query(&expected));
    }
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    hmac.update(text.as_bytes());
    hmac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Calculates the Signature Version 4 of a URL with a signed query, as AWS's documentation
/// describes it.
fn signature(url: &Url, region: &str) -> String {
    let is_signed = |pair: &&str| {
        !["X-Amz-Signature=", "User-Agent="]
            .iter()
            .any(|name| pair.starts_with(name))
    };
    let mut query: Vec<_> = url.query().unwrap().split('&').filter(is_signed).collect();
    query.sort_unstable();
    let (host, date) = (url.host_str().unwrap(), "20261130");
    let nothing = hex(&Sha256::digest(b""));
    let request = format!(
        "GET\n/\n{}\nhost:{host}\n\nhost\n{nothing}",
        query.join("&")
    );
    let scope = format!("{date}/{region}/kafka-cluster/aws4_request");
    let request = hex(&Sha256::digest(request));
    let text = format!("AWS4-HMAC-SHA256\n{date}T080000Z\n{scope}\n{request}");
    let key = hmac(format!("AWS4{SECRET}").as_bytes(), date);
    let key = hmac(&hmac(&hmac(&key, region), "kafka-cluster"), "aws4_request");
    hex(&hmac(&key, &text))
}

#[test]
fn the_signature_of_any_region_is_that_of_an_independent_calculation() {
    for region in ["us-east-1", "ap-southeast-2", "cn-north-1"] {
        for session in [None, Some(SESSION.to_owned())] {
            let credentials = Credentials::new(KEY, SECRET, session, None, "test");
            let token = url(&signed(region, credentials, now()).unwrap());
            assert_eq!(query(&token)["X-Amz-Signature"], signature(&token, region));
        }
    }
}

#[test]
fn a_token_ends_with_its_credentials_and_after_a_quarter_of_an_hour_at_the_latest() {
    let ends = |expiry| token_of(Some(SESSION), expiry).map(|token| token.expires_at);
    let in_seconds = |seconds| now() + Duration::from_secs(seconds);
    assert_eq!(ends(None), Ok(in_seconds(900)));
    assert_eq!(ends(Some(in_seconds(3600))), Ok(in_seconds(900)));
    assert_eq!(ends(Some(in_seconds(60))), Ok(in_seconds(60)));
    assert_eq!(ends(Some(now())), Err(AwsProblem::Expired));
}

#[test]
fn a_token_has_only_characters_that_sasl_allows_and_no_secret() {
    let token = token_of(Some(SESSION), None).unwrap();
    let value = token.value.expose_secret();
    // RFC 7628, 3.1: b64token.
    assert!(
        value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    );
    assert!(!url(&token).as_str().contains(SECRET));
    assert_eq!(query(&url(&token)).len(), 8);
}
