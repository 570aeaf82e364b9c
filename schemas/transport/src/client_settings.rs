//! Makes clients out of settings. No other function makes one, so that each client has its password
//! or token before its first request, and gets later ones as they come.

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::{FromClientConfig, FromClientConfigAndContext};
use rdkafka::error::{KafkaError, KafkaResult};

use crate::Security;
use crate::certificates::{self, Files};
use crate::credentials::{self, Live, TakesCredentials};

/// The settings of a client that is not made yet.
pub struct ClientSettings {
    config: ClientConfig,
    security: Security,
    files: Files,
}

impl ClientSettings {
    pub(crate) const fn new(config: ClientConfig, security: Security, files: Files) -> Self {
        Self {
            config,
            security,
            files,
        }
    }

    /// Sets a property of librdkafka.
    pub fn set(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.config.set(name, value);
        self
    }

    /// Returns the value of a property that was set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.config.get(name)
    }

    /// Has librdkafka check the properties. Connects to nobody.
    ///
    /// # Errors
    ///
    /// Fails where librdkafka refuses a property.
    pub fn check(&self) -> KafkaResult<()> {
        self.config.create_native_config().map(drop)
    }

    /// Makes the client. Where it needs a token and none was fetched yet, waits up to 6 s for the
    /// first. Where none comes, the client is made without one, and gets the next that is fetched.
    ///
    /// # Errors
    ///
    /// Fails where librdkafka refuses the settings.
    pub fn create<T: FromClientConfig + TakesCredentials>(&self) -> KafkaResult<Live<T>> {
        self.live(T::from_config)
    }

    /// Makes the client as [`Self::create`] does, with a context for its callbacks.
    ///
    /// # Errors
    ///
    /// Fails where librdkafka refuses the settings.
    pub fn create_with_context<C, T>(&self, context: C) -> KafkaResult<Live<T>>
    where
        C: ClientContext,
        T: FromClientConfigAndContext<C> + TakesCredentials,
    {
        self.create_prepared(context, |_| {})
    }

    /// Makes the client as [`Self::create`] does, and calls `prepare` before anybody else has it.
    ///
    /// # Errors
    ///
    /// Fails where librdkafka refuses the settings.
    pub fn create_prepared<C, T>(
        &self,
        context: C,
        prepare: impl FnOnce(&mut T),
    ) -> KafkaResult<Live<T>>
    where
        C: ClientContext,
        T: FromClientConfigAndContext<C> + TakesCredentials,
    {
        self.live(|config| {
            let mut client = T::from_config_and_context(config, context)?;
            prepare(&mut client);
            Ok(client)
        })
    }

    fn live<T: TakesCredentials>(
        &self,
        make: impl FnOnce(&ClientConfig) -> KafkaResult<T>,
    ) -> KafkaResult<Live<T>> {
        let credentials = credentials::of(&self.security);
        if let Some(credentials) = &credentials {
            credentials.wait_for_first();
        }
        let mut config = self.config.clone();
        if let Some(certificates) = certificates::of(self.files.clone()) {
            let applied = certificates.apply(&mut config);
            applied.map_err(|problem| KafkaError::ClientCreation(problem.to_string()))?;
        }
        let client = make(&config)?;
        Ok(credentials::supply(client, credentials.as_deref()))
    }
}
