//! What a client reports about its connections. librdkafka reports it by a callback; the calls that
//! fail only say "timed out".

mod error;
mod inquirer;
mod trouble;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::ClientContext;
use rdkafka::error::KafkaError;
use rdkafka::producer::ProducerContext;

use crate::credentials::{self, Credentials};
use crate::{KafkaConfig, Security};

pub use error::AskError;
pub use inquirer::{Inquirer, why_no_broker_answers};
pub use trouble::{Trouble, TroubleKind};

/// Remembers the last trouble that a client reported. Clones share it.
#[derive(Clone, Default)]
pub struct Contact {
    told: Arc<Mutex<Option<Trouble>>>,
    /// The credentials of the client, and the kind of trouble that a refusal of them is.
    credentials: Option<(Arc<Credentials>, TroubleKind)>,
}

impl Contact {
    /// Makes the memory of a client with these settings.
    #[must_use]
    pub fn of(kafka: &KafkaConfig) -> Self {
        let kind = match kafka.security {
            Security::Plaintext | Security::Tls { .. } | Security::SaslTls { .. } => {
                TroubleKind::Credentials
            }
            Security::OauthTls { .. } => TroubleKind::Token,
        };
        let credentials = credentials::of(&kafka.security);
        Self {
            told: Arc::default(),
            credentials: credentials.map(|credentials| (credentials, kind)),
        }
    }

    /// Returns what keeps the client from its brokers, as far as that is known.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        let told = self.told().clone();
        let Some((credentials, kind)) = &self.credentials else {
            return told;
        };
        if let Some(reason) = credentials.problem() {
            return Some(Trouble {
                kind: *kind,
                reason,
            });
        }
        let doubt = credentials.doubt();
        told.map(|Trouble { kind, reason }| match doubt {
            Some(doubt) if kind == TroubleKind::Token => Trouble {
                kind,
                reason: format!("{reason}; {doubt}"),
            },
            Some(_) | None => Trouble { kind, reason },
        })
    }

    /// Forgets the trouble, because a broker has answered.
    pub fn is_made(&self) {
        *self.told() = None;
    }

    fn told(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the trouble that the client reported to the error of a request. librdkafka reports
    /// nothing where a broker hangs up in silence, as one does whose listener expects TLS; then the
    /// error only says that nobody answered.
    pub(crate) fn explain(&self, source: KafkaError) -> AskError {
        let told = self.trouble();
        let told = told.or_else(|| Trouble::of(source.rdkafka_error_code(), &source.to_string()));
        match told {
            Some(trouble) => AskError::Trouble { trouble, source },
            None => AskError::Kafka(source),
        }
    }

    fn heard(&self, mut trouble: Trouble) {
        if let Some((credentials, kind)) = &self.credentials
            && trouble.kind == TroubleKind::Credentials
        {
            credentials.are_refused();
            trouble.kind = *kind;
        }
        let mut known = self.told();
        if known
            .as_ref()
            .is_none_or(|known| known.kind <= trouble.kind)
        {
            *known = Some(trouble);
        }
    }
}

impl ClientContext for Contact {
    fn error(&self, error: KafkaError, reason: &str) {
        if let Some(trouble) = Trouble::of(error.rdkafka_error_code(), reason) {
            self.heard(trouble);
        }
    }
}

impl ProducerContext for Contact {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &rdkafka::message::DeliveryResult<'_>, (): ()) {}
}

#[cfg(test)]
mod tests {
    use rdkafka::error::RDKafkaErrorCode;

    use super::*;

    #[test]
    fn the_most_telling_trouble_is_kept_until_a_broker_answers() {
        let contact = Contact::default();
        for (code, reason, kept) in [
            (
                RDKafkaErrorCode::AllBrokersDown,
                "1/1 brokers are down",
                None,
            ),
            (
                RDKafkaErrorCode::BrokerTransportFailure,
                "refused",
                Some("refused"),
            ),
            (RDKafkaErrorCode::SSL, "certificate", Some("certificate")),
            (
                RDKafkaErrorCode::BrokerTransportFailure,
                "closed",
                Some("certificate"),
            ),
            (
                RDKafkaErrorCode::Authentication,
                "password",
                Some("password"),
            ),
            (RDKafkaErrorCode::SSL, "certificate", Some("password")),
        ] {
            contact.error(KafkaError::Global(code), reason);
            let trouble = contact.trouble().map(|trouble| trouble.reason);
            assert_eq!(trouble.as_deref(), kept, "after {reason}");
        }
        contact.is_made();
        assert_eq!(contact.trouble(), None);
    }
}
