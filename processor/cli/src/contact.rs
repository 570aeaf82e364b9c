//! A command's first contact with the brokers: a command that waits says so, and then why.

use std::time::Duration;

use anyhow::Context as _;
use stackone_link_process::stderr;
use stackone_link_transport::KafkaConfig;
use stackone_processor_operate::contact::brokers_answer;

/// How long the brokers may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the wait is silent: brokers that are up have answered by then.
const SILENCE: Duration = Duration::from_secs(1);

/// Waits for the first answer of a broker.
pub(crate) async fn made(kafka: &KafkaConfig) -> anyhow::Result<()> {
    let servers = &kafka.bootstrap_servers;
    let mut asking = std::pin::pin!(brokers_answer(kafka, PATIENCE));
    let answer = tokio::select! {
        biased;
        answer = &mut asking => answer,
        () = tokio::time::sleep(SILENCE) => {
            let within = PATIENCE.as_secs();
            stderr::write_line(&format!("waiting up to {within} s for a broker at {servers}"));
            asking.await
        }
    };
    answer.with_context(|| format!("no broker answers at {servers}"))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn where_nobody_listens_address_cause_and_setting_are_told() {
        let asked = Instant::now();
        let told = made(&KafkaConfig::plaintext("127.0.0.1:1")).await;
        let told = format!("{:#}", told.unwrap_err());
        for word in [
            "no broker answers at 127.0.0.1:1",
            "refused",
            "kafka.bootstrap_servers",
        ] {
            assert!(told.contains(word), "{word}: {told}");
        }
        assert!(asked.elapsed() < 3 * PATIENCE);
    }
}
