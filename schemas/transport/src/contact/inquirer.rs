//! Asks the cluster for metadata, and learns why nobody answers.

use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, Producer as _};

use super::{AskError, Contact, Trouble};
use crate::{ClientError, KafkaConfig, Live};

/// How long one attempt lasts before the client's reports are looked at.
const STEP: Duration = Duration::from_millis(500);

/// A client for metadata requests that, unlike an admin client, learns why nobody answers. It
/// publishes nothing.
pub struct Inquirer {
    client: Live<BaseProducer<Contact>>,
}

impl Inquirer {
    /// Makes a client called `client_id`. It connects at its first request.
    ///
    /// # Errors
    ///
    /// Fails where the settings cannot be used.
    pub fn new(kafka: &KafkaConfig, client_id: &str) -> Result<Self, ClientError> {
        let config = kafka.client_config(client_id)?;
        let client = config.create_with_context(Contact::of(kafka))?;
        Ok(Self { client })
    }

    /// Calls `question` with a time limit, again and again, until it is answered, `within` is over,
    /// or the client reports trouble that no waiting mends. Blocks.
    ///
    /// # Errors
    ///
    /// Fails where no broker answers in time.
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
            // Polling delivers the client's reports, of which there may be several.
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

/// Says why no broker answers a client with these settings; `None` where one does. Blocks for up to
/// `within`.
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
