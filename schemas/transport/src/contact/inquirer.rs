//! Asking the cluster, and hearing why nobody answers.

use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, Producer as _};

use super::{Contact, Trouble};
use crate::{ClientError, KafkaConfig, Live};

/// How long to wait before what the client says is looked at.
const STEP: Duration = Duration::from_millis(500);

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
    client: Live<BaseProducer<Contact>>,
}

impl Inquirer {
    /// A client called `client_id`; connects when first used.
    ///
    /// # Errors
    ///
    /// Where settings cannot be used.
    pub fn new(kafka: &KafkaConfig, client_id: &str) -> Result<Self, ClientError> {
        let config = kafka.client_config(client_id)?;
        let client = config.create_with_context(Contact::of(kafka))?;
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

/// Why no broker answers a client with these settings; nothing where one does. Blocks.
#[must_use]
pub fn why_no_broker_answers(
    kafka: &KafkaConfig,
    client_id: &str,
    within: Duration,
) -> Option<Trouble> {
    let inquirer = Inquirer::new(kafka, client_id).ok()?;
    let answer = inquirer.ask(within, |client, left| {
        client.fetch_metadata(None, left).map(drop)
    });
    match answer {
        Err(AskError::Trouble { trouble, .. }) => Some(trouble),
        Ok(()) | Err(AskError::Kafka(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
