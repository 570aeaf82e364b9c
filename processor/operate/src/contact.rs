//! Finds out whether any broker answers, and if not, why.

use std::time::Duration;

use stackone_link_process::spawn::spawn_blocking;
use stackone_link_transport::{AskError, ClientError, Inquirer, KafkaConfig};
use tokio::task::JoinError;

use crate::tasks;

/// Why no broker answers.
#[derive(Debug, thiserror::Error)]
pub enum ContactError {
    /// The client could not be made.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// No broker answered. The error has the address, the cause, and the setting to look at, as far
    /// as they are known.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The thread that asked ended early.
    #[error(transparent)]
    Died(#[from] JoinError),
}

/// Waits until a broker answers, for up to `within`.
///
/// # Errors
///
/// Fails as [`ContactError`] says.
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
