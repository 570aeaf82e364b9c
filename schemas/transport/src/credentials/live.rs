//! A client that gets new passwords and tokens for as long as it lives.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rdkafka::ClientContext;
use rdkafka::admin::AdminClient;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::producer::{BaseProducer, Producer as _, ProducerContext};
use secrecy::ExposeSecret as _;
use stackone_librdkafka::{
    NativeError, NonemptyContext, OauthToken, PolledProducer, set_oauth_token, set_sasl_credentials,
};

use super::credential::Credential;
use crate::Security;

/// A client that gets new credentials until this value is dropped.
pub struct Live<T> {
    client: Arc<T>,
    entry: Option<Arc<Entry<T>>>,
}

/// The reference that the credentials thread has to a client. Whoever upgrades the reference holds
/// the lock until the upgraded one is dropped, so that the client is dropped by its owner and on no
/// other thread.
pub(super) struct Entry<T>(Mutex<Weak<T>>);

/// Takes credentials for a client.
pub(super) trait Registered: Send + Sync {
    /// Gives the credential to the client, if that still exists.
    fn give(&self, credential: &Credential, security: &Security);
}

/// A kind of client that connects to brokers.
pub trait TakesCredentials: Send + Sync + 'static {
    /// Makes the client authenticate by this token from now on.
    ///
    /// # Errors
    ///
    /// Fails where librdkafka refuses the token.
    fn take_token(&self, token: &OauthToken<'_>) -> Result<(), NativeError>;

    /// Makes the client authenticate by this password from now on.
    ///
    /// # Errors
    ///
    /// Fails where librdkafka refuses the user name or password.
    fn take_password(&self, username: &str, password: &str) -> Result<(), NativeError>;
}

impl<T: TakesCredentials> Live<T> {
    /// Makes one that gets no credentials.
    pub(super) fn alone(client: T) -> Self {
        Self {
            client: Arc::new(client),
            entry: None,
        }
    }

    /// Makes one that gets credentials by the entry beside it.
    pub(super) fn with_entry(client: T) -> (Self, Arc<dyn Registered>) {
        let client = Arc::new(client);
        let entry = Arc::new(Entry(Mutex::new(Arc::downgrade(&client))));
        let registered: Arc<dyn Registered> = Arc::<Entry<T>>::clone(&entry);
        let entry = Some(entry);
        (Self { client, entry }, registered)
    }
}

impl<T> Deref for Live<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.client
    }
}

impl<T> Drop for Live<T> {
    fn drop(&mut self) {
        if let Some(entry) = &self.entry {
            *entry.lock() = Weak::new();
        }
    }
}

impl<T> Entry<T> {
    fn lock(&self) -> MutexGuard<'_, Weak<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: TakesCredentials> Registered for Entry<T> {
    fn give(&self, credential: &Credential, security: &Security) {
        let entry = self.lock();
        let Some(client) = entry.upgrade() else {
            return;
        };
        let taken = match (credential, security) {
            (Credential::Token(token), Security::OauthTls { extensions, .. }) => {
                client.take_token(&OauthToken {
                    value: token.value.expose_secret(),
                    expires_at: token.expires_at,
                    principal: &token.principal,
                    extensions: &extensions.pairs(),
                })
            }
            (Credential::Password(password), Security::SaslTls { username, .. }) => {
                client.take_password(username, password.expose_secret())
            }
            (Credential::Token(_) | Credential::Password(_), _) => Ok(()),
        };
        if let Err(error) = taken {
            tracing::error!(%error, "a client does not take a password or token of Kafka");
        }
        drop(client);
        drop(entry);
    }
}

macro_rules! takes_credentials {
    ($(<$context:ident: $bound:path> $client:ty, $inner:ident;)+) => {$(
        impl<$context: $bound + 'static> TakesCredentials for $client {
            fn take_token(&self, token: &OauthToken<'_>) -> Result<(), NativeError> {
                set_oauth_token(self.$inner(), token)
            }

            fn take_password(&self, username: &str, password: &str) -> Result<(), NativeError> {
                set_sasl_credentials(self.$inner(), username, password)
            }
        }
    )+};
}

takes_credentials! {
    <C: ProducerContext> BaseProducer<C>, client;
    <C: NonemptyContext> PolledProducer<C>, client;
    <C: ConsumerContext> BaseConsumer<C>, client;
    <C: ClientContext> AdminClient<C>, inner;
}
