//! Authenticates callers. The secrets and keys in force can be replaced while the service runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::header::{AUTHORIZATION, HeaderMap, ORIGIN};
use arc_swap::ArcSwap;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use sha2::Sha256;
use stackone_client::{BoundedFetch, StartError};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::config::{Config, IssuerSettings, Secret, Secrets};
use crate::jwt::{JwtError, Keys, Rules, Unverified, looks_like_jwt};
use crate::metrics::Metrics;
use crate::problem::{Problem, Reason};
use crate::tenant::Authority;
use crate::tokens::{Purpose, TokenKeys};

/// How often a key set may be fetched because a token names an unknown key.
const FETCH_AGAIN: Duration = Duration::from_secs(60);
/// How often a key set is fetched anyway, so that a withdrawn key is no longer accepted.
const FETCH_EVERY: Duration = Duration::from_secs(10 * 60);

/// The secrets and keys that callers are authenticated by.
pub(crate) struct Auth {
    tokens: ArcSwap<TokenKeys>,
    service: ArcSwap<ServiceTokens>,
    issuers: Vec<Issuer>,
    projects: Vec<Option<String>>,
}

/// A MAC of a fixed text by each service token. The MACs are compared instead of the tokens, in
/// constant time.
#[derive(Default)]
struct ServiceTokens(Vec<Hmac<Sha256>>);

/// A host product that signs JWTs, with its keys.
struct Issuer {
    rules: Rules,
    project: Option<String>,
    keys: ArcSwap<Keys>,
    fetch: Option<BoundedFetch>,
    /// When the last fetch began. The lock is held during a fetch, so that whoever needs the keys
    /// waits for it.
    fetched: Mutex<Option<Instant>>,
}

impl Auth {
    pub(crate) fn new(config: &Config) -> Result<Self, StartError> {
        let settings = &config.settings;
        let projects: Vec<_> = settings.projects.iter().map(|one| one.id.clone()).collect();
        let issuers = settings
            .issuers
            .iter()
            .map(|issuer| Issuer::new(issuer, &projects));
        let auth = Self {
            tokens: ArcSwap::from_pointee(TokenKeys::new(&[])),
            service: ArcSwap::default(),
            issuers: issuers.collect::<Result<_, _>>()?,
            projects,
        };
        auth.replace(&config.secrets);
        Ok(auth)
    }

    /// Uses these secrets from now on.
    pub(crate) fn replace(&self, secrets: &Secrets) {
        let values = secrets.token_keys.iter().map(|secret| secret.value.clone());
        let values: Vec<_> = values.collect();
        self.tokens.store(Arc::new(TokenKeys::new(&values)));
        self.service
            .store(Arc::new(ServiceTokens::new(&secrets.service_tokens)));
        for (issuer, text) in self.issuers.iter().zip(&secrets.jwks) {
            if let Some(Ok(keys)) = text.as_ref().map(|text| Keys::parse(text)) {
                issuer.keys.store(Arc::new(keys));
            }
        }
    }

    /// Authenticates a caller by a service token or a JWT.
    pub(crate) async fn authority(
        &self,
        headers: &HeaderMap,
        metrics: &Metrics,
    ) -> Result<Authority, Problem> {
        let token = bearer(headers).ok_or(Reason::Unauthenticated)?;
        // A service token may have two dots as well.
        if !self.service.load().know(token) {
            if !looks_like_jwt(token) {
                return Err(Reason::Unauthenticated.into());
            }
            return self.host(token, metrics).await.map_err(|error| {
                metrics.jwt_refused(error);
                tracing::debug!(reason = error.reason(), "JWT refused");
                Reason::Unauthenticated.into()
            });
        }
        if headers.contains_key(ORIGIN) {
            tracing::error!(
                "a service token came from a page: whoever can open that page has it; replace it"
            );
            return Err(Reason::ServiceTokenInBrowser.into());
        }
        Ok(Authority::Service {
            projects: self.projects.clone(),
        })
    }

    async fn host(&self, token: &str, metrics: &Metrics) -> Result<Authority, JwtError> {
        let token = Unverified::parse(token)?;
        let named = |issuer: &&Issuer| token.issuer() == Some(&issuer.rules.issuer);
        let issuer = self.issuers.iter().find(named).ok_or(JwtError::Issuer)?;
        let verify = || token.verify(&issuer.keys.load(), &issuer.rules, Timestamp::now());
        let verified = match verify() {
            Err(JwtError::UnknownKey) if token.key_id().is_some() => {
                issuer.fetch(FETCH_AGAIN, metrics).await;
                verify()
            }
            verified => verified,
        };
        Ok(Authority::Host {
            project: issuer.project.clone(),
            claims: verified?,
        })
    }

    /// Fetches each key set that is older than [`FETCH_EVERY`].
    pub(crate) async fn renew(&self, metrics: &Metrics) {
        for issuer in &self.issuers {
            issuer.fetch(FETCH_EVERY, metrics).await;
        }
    }

    /// Returns whether the bearer token was made for this session and this purpose.
    pub(crate) fn is_for(&self, headers: &HeaderMap, session: Uuid, purpose: Purpose) -> bool {
        let keys = self.tokens.load();
        bearer(headers).is_some_and(|token| keys.verifies(token, session, purpose))
    }

    pub(crate) fn token(&self, session: Uuid, purpose: Purpose) -> Result<String, Problem> {
        let token = self.tokens.load().make(session, purpose);
        token.ok_or_else(|| Reason::Internal.into())
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

impl ServiceTokens {
    fn new(tokens: &[Secret]) -> Self {
        let macs = tokens
            .iter()
            .filter_map(|token| mac(token.value.expose_secret()));
        Self(macs.collect())
    }

    fn know(&self, token: &str) -> bool {
        let given = mac(token).map(|mac| mac.finalize().into_bytes());
        let is_given = |known: &Hmac<Sha256>| {
            given.is_some_and(|given| known.clone().verify_slice(&given).is_ok())
        };
        self.0.iter().any(is_given)
    }
}

fn mac(token: &str) -> Option<Hmac<Sha256>> {
    let keyed = Hmac::<Sha256>::new_from_slice(token.as_bytes()).ok()?;
    Some(keyed.chain_update(b"service-token"))
}

impl Issuer {
    fn new(settings: &IssuerSettings, projects: &[Option<String>]) -> Result<Self, StartError> {
        let only = || projects.first().cloned().flatten();
        Ok(Self {
            rules: Rules {
                issuer: settings.issuer.clone(),
                audience: settings.audience.clone(),
                tenant_claim: settings.tenant_claim.clone(),
                tenant_name_claim: settings.tenant_name_claim.clone(),
                user_name_claim: settings.user_name_claim.clone(),
                scope_claim: settings.scope_claim.clone(),
            },
            project: settings.project.clone().or_else(only),
            keys: ArcSwap::default(),
            fetch: settings
                .jwks_url
                .clone()
                .map(BoundedFetch::new)
                .transpose()?,
            fetched: Mutex::default(),
        })
    }

    /// Fetches the key set unless that was tried within `every`. A set that cannot be used leaves
    /// the last good one in force.
    async fn fetch(&self, every: Duration, metrics: &Metrics) {
        let Some(fetch) = &self.fetch else {
            return;
        };
        let mut fetched = self.fetched.lock().await;
        if fetched.is_some_and(|at| at.elapsed() < every) {
            return;
        }
        *fetched = Some(Instant::now());
        let problem = match fetch.fetch().await {
            Ok(text) => match Keys::parse(&text) {
                Ok(keys) => {
                    self.keys.store(Arc::new(keys));
                    metrics.jwks_fetched(&self.rules.issuer);
                    return;
                }
                Err(problem) => problem.to_string(),
            },
            Err(error) => error.to_string(),
        };
        metrics.jwks_failed(&self.rules.issuer);
        let issuer = &self.rules.issuer;
        tracing::error!(
            issuer,
            problem,
            "the key set that was last fetched stays in force"
        );
    }
}
