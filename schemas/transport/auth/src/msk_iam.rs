//! Tokens for Amazon MSK: the URL of the action `kafka-cluster:Connect` with a Signature Version 4
//! of AWS credentials in its query, encoded as base64url. Nothing requests that URL; the broker
//! checks its signature.

use std::error::Error;
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use crate::{AwsProblem, Token};

/// How long a token is valid, unless its credentials expire before. AWS's own signers use the same.
const LIFETIME: Duration = Duration::from_secs(900);
/// The service name in the signature's scope.
const SERVICE: &str = "kafka-cluster";
/// The principal that librdkafka is told; the broker takes it from the token.
const PRINCIPAL: &str = "aws_msk_iam";
/// A query parameter beside the signature, for the logs of the cluster.
const USER_AGENT: &str = concat!("stackone-link/", env!("CARGO_PKG_VERSION"));

/// Signs a token with the credentials that AWS's default chain gives within `timeout`. The chain is
/// made anew each time, so that it sees changed files.
pub(crate) async fn token(region: Option<&str>, timeout: Duration) -> Result<Token, AwsProblem> {
    // The future is boxed, because it is too large for the stack.
    let found = tokio::time::timeout(timeout, Box::pin(credentials(region))).await;
    let late = |_elapsed| {
        let waited = timeout.as_secs();
        AwsProblem::NoCredentials(format!("the default chain has none within {waited} s"))
    };
    let (region, credentials) = found.map_err(late)??;
    signed(&region, credentials, SystemTime::now())
}

async fn credentials(region: Option<&str>) -> Result<(String, Credentials), AwsProblem> {
    let chain = default_chain(region).await;
    let region = chain.region().map(ToString::to_string);
    let region = region.ok_or(AwsProblem::NoRegion)?;
    let nobody = || AwsProblem::NoCredentials("the default chain is empty".to_owned());
    let provider = chain.credentials_provider().ok_or_else(nobody)?;
    let credentials = provider.provide_credentials().await;
    let credentials = credentials.map_err(|error| AwsProblem::NoCredentials(causes(&error)))?;
    Ok((region, credentials))
}

/// Finds region and credentials as each of AWS's SDKs does.
async fn default_chain(region: Option<&str>) -> SdkConfig {
    let provider = Provider::Rustls(CryptoMode::Ring);
    let client = Builder::new().tls_provider(provider).build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(client);
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    loader.load().await
}

/// Signs a token that is valid from `now` on.
fn signed(region: &str, credentials: Credentials, now: SystemTime) -> Result<Token, AwsProblem> {
    let ends = now + LIFETIME;
    let expires_at = credentials.expiry().map_or(ends, |expiry| ends.min(expiry));
    if expires_at <= now {
        return Err(AwsProblem::Expired);
    }
    let url = format!("https://kafka.{region}.amazonaws.com/?Action=kafka-cluster%3AConnect");
    let mut url = Url::parse(&url).map_err(|_no_host| AwsProblem::NoRegion)?;
    let unsigned = |error: &dyn Error| AwsProblem::Signature(causes(error));
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(LIFETIME);
    let identity = credentials.into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(now)
        .settings(settings)
        .build();
    let params = params.map_err(|error| unsigned(&error))?.into();
    let nothing = SignableBody::Bytes(&[]);
    let request = SignableRequest::new("GET", url.as_str(), std::iter::empty(), nothing);
    let output = sign(request.map_err(|error| unsigned(&error))?, &params);
    let (signature, _) = output.map_err(|error| unsigned(&error))?.into_parts();
    let signature = signature
        .params()
        .iter()
        .map(|(name, value)| (*name, &**value));
    url.query_pairs_mut()
        .extend_pairs(signature)
        .append_pair("User-Agent", USER_AGENT);
    Ok(Token {
        value: URL_SAFE_NO_PAD.encode(url.as_str()).into(),
        principal: PRINCIPAL.to_owned(),
        expires_at,
    })
}

/// Writes an error and its causes in one line, and leaves out a cause whose text the line already
/// has.
fn causes(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !told.contains(&said) {
            told = format!("{told}: {said}");
        }
        next = cause.source();
    }
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
