//! Why no broker answers, in words: librdkafka tells it beside the calls that fail, which say "timed out" only.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};

use crate::{ClientError, KafkaConfig};

/// How long to wait before what the client says is looked at.
const STEP: Duration = Duration::from_millis(500);

/// What kept a client from its brokers, the vaguest first: where several were told, the last kind is the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TroubleKind {
    /// Nobody listens, or the connection breaks.
    Connection,
    /// The name of a broker has no address.
    Name,
    /// TLS fails, most often over a certificate.
    Tls,
    /// The broker refuses user name and password.
    Credentials,
}

/// What kept a client from its brokers. Its `Display` is one line that says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Which kind.
    pub kind: TroubleKind,
    /// librdkafka's words.
    pub reason: String,
}

impl Trouble {
    fn of(code: Option<RDKafkaErrorCode>, reason: &str) -> Option<Self> {
        let kind = match code {
            Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed) => {
                TroubleKind::Credentials
            }
            Some(RDKafkaErrorCode::SSL) => TroubleKind::Tls,
            // What the broker has against our certificate comes after the handshake, in the words of OpenSSL.
            Some(RDKafkaErrorCode::BrokerTransportFailure) if reason.contains("SSL routines") => {
                TroubleKind::Tls
            }
            Some(RDKafkaErrorCode::Resolve) => TroubleKind::Name,
            Some(
                RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::OperationTimedOut,
            ) => TroubleKind::Connection,
            _ => return None,
        };
        let reason = reason.to_owned();
        Some(Self { kind, reason })
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self.kind {
            TroubleKind::Connection => {
                "check kafka.bootstrap_servers, the network, and that kafka.security.kind is that of the listener"
            }
            TroubleKind::Name => "check the host names in kafka.bootstrap_servers",
            TroubleKind::Tls => {
                "check kafka.security: ca_file must hold the authority that signed the brokers' certificates, which must \
                 name the hosts of kafka.bootstrap_servers; where the listener wants a certificate of ours, \
                 certificate_file and key_file"
            }
            TroubleKind::Credentials => {
                "check kafka.security: mechanism, username, and the password in password_file, against the user on the \
                 brokers"
            }
        }
    }

    /// Whether waiting cannot help.
    const fn is_for_good(&self) -> bool {
        match self.kind {
            TroubleKind::Connection | TroubleKind::Name => false,
            TroubleKind::Tls | TroubleKind::Credentials => true,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}; {}", self.reason, self.advice())
    }
}

/// Remembers what a client tells of its connections. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Contact(Arc<Mutex<Option<Trouble>>>);

impl Contact {
    /// What keeps the client from its brokers, as far as it was told.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// A broker has answered, so what was told before is over.
    pub fn is_made(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// A question's error with what the client told of its connections, or that nobody answered where it told nothing: a
    /// broker that hangs up without a word, as one does whose listener wants TLS, is not told.
    pub(crate) fn explain(&self, source: KafkaError) -> AskError {
        let told = self.trouble();
        let told = told.or_else(|| Trouble::of(source.rdkafka_error_code(), &source.to_string()));
        match told {
            Some(trouble) => AskError::Trouble { trouble, source },
            None => AskError::Kafka(source),
        }
    }

    fn heard(&self, trouble: Trouble) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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

/// Why the cluster could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The client told what keeps it from the brokers.
    #[error("{trouble}")]
    Trouble {
        /// What.
        trouble: Trouble,
        /// What the question ended with.
        source: KafkaError,
    },
    /// It did not.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
}

/// A client that asks for metadata and, unlike an admin client, hears why nobody answers. It publishes nothing.
pub struct Inquirer {
    client: BaseProducer<Contact>,
}

impl Inquirer {
    /// A client called `client_id`; connects when first used.
    ///
    /// # Errors
    ///
    /// Where settings cannot be used.
    pub fn new(kafka: &KafkaConfig, client_id: &str) -> Result<Self, ClientError> {
        let config = kafka.client_config(client_id)?;
        let client = config.create_with_context(Contact::default())?;
        Ok(Self { client })
    }

    /// Asks `question` with a time limit until it is answered, `within` is over, or the client has heard what no waiting
    /// mends. Blocks.
    ///
    /// # Errors
    ///
    /// Where no broker answers.
    pub fn ask<T>(
        &self,
        within: Duration,
        question: impl Fn(&rdkafka::client::Client<Contact>, Duration) -> Result<T, KafkaError>,
    ) -> Result<T, AskError> {
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let source = match question(self.client.client(), left.min(STEP)) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            // Delivers what the client has to tell, which is more than one thing.
            self.client.poll(Duration::from_millis(50));
            let contact = self.client.context();
            let is_for_good = contact
                .trouble()
                .is_some_and(|trouble| trouble.is_for_good());
            if left <= STEP || is_for_good {
                return Err(contact.explain(source));
            }
        }
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn each_trouble_says_which_setting_to_look_at() {
        for (code, setting) in [
            (
                RDKafkaErrorCode::BrokerTransportFailure,
                "kafka.bootstrap_servers",
            ),
            (RDKafkaErrorCode::Resolve, "kafka.bootstrap_servers"),
            (RDKafkaErrorCode::SSL, "ca_file"),
            (RDKafkaErrorCode::Authentication, "password_file"),
        ] {
            let told = Trouble::of(Some(code), "what librdkafka says")
                .unwrap()
                .to_string();
            assert!(
                told.starts_with("what librdkafka says; check ") && told.contains(setting),
                "{told}"
            );
        }
    }

    #[test]
    fn nobody_at_the_port_is_told_within_the_time_given() {
        let inquirer = Inquirer::new(&KafkaConfig::plaintext("127.0.0.1:1"), "test").unwrap();
        let asked = Instant::now();
        let answer = inquirer.ask(Duration::from_secs(2), |client, within| {
            client.fetch_metadata(None, within).map(drop)
        });
        let told = answer.unwrap_err().to_string();
        assert!(
            told.contains("127.0.0.1:1") && told.contains("kafka.bootstrap_servers"),
            "{told}"
        );
        assert!(asked.elapsed() < Duration::from_secs(20));
    }
}
