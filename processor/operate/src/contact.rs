//! Whether any broker answers, and if not, why.

use std::time::Duration;

use stackone_link_process::spawn::spawn_blocking;
use stackone_link_transport::{AskError, ClientError, Inquirer, KafkaConfig};
use tokio::task::JoinError;

use crate::tasks;

/// Why no broker is known to answer.
#[derive(Debug, thiserror::Error)]
pub enum ContactError {
    /// There is no client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// None answered: with the address, the cause, and the setting to look at, as far as they are known.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The thread that asks died.
    #[error(transparent)]
    Died(#[from] JoinError),
}

/// Waits until a broker answers, for up to `within`.
///
/// # Errors
///
/// See [`ContactError`].
pub async fn brokers_answer(kafka: &KafkaConfig, within: Duration) -> Result<(), ContactError> {
    let kafka = kafka.clone();
    let asking = spawn_blocking(tasks::CONTACT, move || {
        let inquirer = Inquirer::new(&kafka, "stackone-command")?;
        inquirer.ask(within, |client, left| {
            client.fetch_metadata(None, left).map(drop)
        })?;
        Ok(())
    });
    asking.await?
}
