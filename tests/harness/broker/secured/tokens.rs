//! An identity provider's key, and the tokens that it signs.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

/// The key's id.
const KEY: &str = "tests";
/// Whom the broker wants tokens to be for.
const AUDIENCE: &str = "kafka";

/// Where the broker reads the key that tokens are signed with.
pub(super) const JWKS: &str = "/tmp/tls/jwks.json";
/// How often a connection that came with a token has to come with another, in milliseconds.
const REAUTHENTICATION: u32 = 10_000;

/// Signs tokens by ES256.
pub(super) struct Tokens {
    key: EcdsaKeyPair,
    random: SystemRandom,
}

impl Tokens {
    pub(super) fn new() -> anyhow::Result<Self> {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).ok();
        let key = key.context("no key")?;
        let key = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).ok();
        let key = key.context("the key is refused")?;
        Ok(Self { key, random })
    }

    /// The public key, as the broker's validator reads it.
    pub(super) fn jwks(&self) -> String {
        // An uncompressed point: 4, x, y.
        let point = &self.key.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let [x, y] = [x, y].map(|number| URL_SAFE_NO_PAD.encode(number));
        let key = json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY, "x": x, "y": y,
        });
        json!({"keys": [key]}).to_string()
    }

    /// A token for the broker, of this subject, that began so many seconds ago and ends in so many.
    /// `claims` are said as well, or instead.
    pub(super) fn sign(&self, subject: &str, [ago, left]: [i64; 2], claims: Value) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
        let mut all = json!({
            "sub": subject, "aud": AUDIENCE, "iat": now - ago, "exp": now + left,
        });
        if let (Some(all), Value::Object(claims)) = (all.as_object_mut(), claims) {
            all.extend(claims);
        }
        let header = json!({"alg": "ES256", "kid": KEY, "typ": "JWT"});
        let [header, all] = [header, all].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{all}");
        let signature = self.key.sign(&self.random, signed.as_bytes()).ok();
        let signature = signature.map_or_else(String::new, |signature| {
            URL_SAFE_NO_PAD.encode(signature.as_ref())
        });
        format!("{signed}.{signature}")
    }
}

/// Kafka's own validator of tokens. The broker reads keys from places that it is told of only.
pub(super) fn validator() -> [(&'static str, String); 7] {
    let oauth = "org.apache.kafka.common.security.oauthbearer";
    [
        (
            "LISTENER_NAME_OAUTH_SASL_ENABLED_MECHANISMS",
            "OAUTHBEARER".to_owned(),
        ),
        (
            "LISTENER_NAME_OAUTH_OAUTHBEARER_SASL_JAAS_CONFIG",
            format!("{oauth}.OAuthBearerLoginModule required;"),
        ),
        (
            "LISTENER_NAME_OAUTH_OAUTHBEARER_SASL_SERVER_CALLBACK_HANDLER_CLASS",
            format!("{oauth}.OAuthBearerValidatorCallbackHandler"),
        ),
        (
            "LISTENER_NAME_OAUTH_OAUTHBEARER_CONNECTIONS_MAX_REAUTH_MS",
            REAUTHENTICATION.to_string(),
        ),
        ("SASL_OAUTHBEARER_JWKS_ENDPOINT_URL", format!("file:{JWKS}")),
        ("SASL_OAUTHBEARER_EXPECTED_AUDIENCE", AUDIENCE.to_owned()),
        (
            "OPTS",
            format!("-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file:{JWKS}"),
        ),
    ]
}
