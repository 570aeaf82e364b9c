//! Explains where an account is, and why, by all that the topics hold about it. Changes nothing.
//!
//! [`look`] reads the topics, and [`ask`] asks StackOne once. [`Explanation::of`] says what that
//! means, without I/O.

mod ask;
mod collect;
mod explanation;
mod finding;
mod found;
mod newest;
mod question;
mod read;
mod spans;
mod standing;
mod tell;
mod unseen;

use stackone_link_process::spawn::spawn_blocking;
use stackone_processor::config::Settings;

use crate::tasks;

pub use ask::{Decided, StackOneAnswer, ask};
pub use explanation::Explanation;
pub use finding::{About, AccountFinding, Kind};
pub use found::{
    CompleteList, Events, Evidence, Letter, Looked, SeenOnTopic, Stray, Strays, Trigger,
    TriggerProgress,
};
pub use newest::Newest;
pub use question::{AccountQuestion, DEFAULT_RECORDS, ReadLimits};
pub use read::ReadProgress;
pub use standing::AccountStanding;
pub use unseen::NotSeen;

/// Reads what the topics hold about an account. What cannot be read is noted, and the rest is read
/// all the same. `progress` is called now and then.
pub async fn look(
    settings: &Settings,
    question: &AccountQuestion,
    progress: impl FnMut(ReadProgress<'_>) + Send + 'static,
) -> Evidence {
    let (settings, question) = (settings.clone(), question.clone());
    let reading = move || read::all(&settings, &question, progress);
    let read = spawn_blocking(tasks::EXPLAIN, reading).await;
    read.unwrap_or_else(|died| Evidence::unseen(&NotSeen::of(&died)))
}
