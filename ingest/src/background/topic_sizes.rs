//! Whether the topics take the largest webhook. Told in the log; nothing waits for it and nothing
//! depends on it, since every smaller webhook is stored all the same.

use std::fmt;
use std::time::Duration;

use actix_web::web::Data;
use stackone_link_transport::{KafkaConfig, TopicAdminError, max_message_bytes};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::config::Settings;
use crate::ingest::Ingest;

/// How long to wait before the next look, however many records are too large meanwhile: each look
/// is by a client of its own.
const PAUSE: Duration = Duration::from_secs(60);

/// What a topic was said to take; none where the broker does not say.
type Told = Result<Option<u64>, TopicAdminError>;

/// Compares the largest record with what each topic takes, and remembers what it has logged.
pub(crate) struct TopicSizes {
    kafka: KafkaConfig,
    sizes: Sizes,
    told: Vec<Finding>,
}

/// The largest body, and the largest record that holds one, in bytes.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    largest_body: usize,
    largest_record: usize,
}

/// What was found. Its `Display` is one line that says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Finding {
    TooSmall {
        topic: String,
        takes: u64,
        largest_body: usize,
        needed: usize,
    },
    /// The broker forbids us to describe the settings of these topics.
    Forbidden {
        topics: Vec<String>,
    },
    /// The broker does not tell.
    Unsupported,
    /// The broker could not be asked.
    Unanswered {
        reason: String,
    },
    AllTake {
        needed: usize,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooSmall {
                topic,
                takes,
                largest_body,
                needed,
            } => write!(
                formatter,
                "topic {topic} takes records of at most {takes} bytes, and a webhook of limits.max_body_bytes \
                 ({largest_body}) with its headers may need {needed}: raise max.message.bytes of the topic, or lower \
                 limits.max_body_bytes; until then webhooks that do not fit are answered 413 (too_large_for_broker)"
            ),
            Self::Forbidden { topics } => write!(
                formatter,
                "whether the largest webhook fits its topic was not checked: allow DescribeConfigs on {}",
                topics.join(", ")
            ),
            Self::Unsupported => write!(
                formatter,
                "whether the largest webhook fits its topic was not checked: the broker does not tell max.message.bytes"
            ),
            Self::Unanswered { reason } => write!(
                formatter,
                "whether the largest webhook fits its topic was not checked yet: {reason}"
            ),
            Self::AllTake { needed } => write!(
                formatter,
                "every topic takes the largest webhook, which may need {needed} bytes"
            ),
        }
    }
}

impl Finding {
    fn log(&self) {
        match self {
            Self::TooSmall { .. } => tracing::error!("{self}"),
            Self::Forbidden { .. } | Self::Unanswered { .. } => tracing::warn!("{self}"),
            Self::Unsupported | Self::AllTake { .. } => tracing::info!("{self}"),
        }
    }
}

impl TopicSizes {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            kafka: settings.kafka.clone(),
            sizes: Sizes {
                largest_body: settings.limits.max_body_bytes,
                largest_record: settings.largest_record(),
            },
            told: Vec::new(),
        }
    }

    /// Looks whenever that is in doubt, until `stop`.
    pub(crate) async fn run(mut self, ingest: Data<Ingest>, stop: CancellationToken) {
        let looking = async {
            loop {
                ingest.doubts.sizes.notified().await;
                if !self.look(&ingest.needed_topics()).await {
                    ingest.doubts.sizes.notify_one();
                }
                sleep(PAUSE).await;
            }
        };
        stop.run_until_cancelled(looking).await;
    }

    /// Looks once, and tells what it has not told before. False where it has to be tried again.
    async fn look(&mut self, topics: &[&str]) -> bool {
        let findings = match max_message_bytes(&self.kafka, "stackone-ingest-sizes", topics).await {
            Ok(told) => judge(self.sizes, topics.iter().copied().zip(told)),
            Err(error) => vec![unanswered(&error)],
        };
        findings
            .iter()
            .filter(|finding| !self.told.contains(finding))
            .for_each(Finding::log);
        self.told = findings;
        let is_unanswered = |finding: &Finding| matches!(finding, Finding::Unanswered { .. });
        !self.told.iter().any(is_unanswered)
    }
}

fn judge<'a>(needed: Sizes, told: impl IntoIterator<Item = (&'a str, Told)>) -> Vec<Finding> {
    let Sizes {
        largest_body,
        largest_record: needed,
    } = needed;
    let (mut findings, mut forbidden) = (Vec::new(), Vec::new());
    for (topic, told) in told {
        let finding = match told {
            Ok(Some(takes)) if usize::try_from(takes).is_ok_and(|takes| takes < needed) => {
                let topic = topic.to_owned();
                Finding::TooSmall {
                    topic,
                    takes,
                    largest_body,
                    needed,
                }
            }
            Ok(Some(_)) => continue,
            Ok(None) => Finding::Unsupported,
            Err(TopicAdminError::SettingsForbidden { name }) => {
                forbidden.push(name);
                continue;
            }
            Err(error) => unanswered(&error),
        };
        // What is no topic's own is told once for all.
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    if !forbidden.is_empty() {
        findings.push(Finding::Forbidden { topics: forbidden });
    }
    if findings.is_empty() {
        findings.push(Finding::AllTake { needed });
    }
    findings
}

fn unanswered(error: &TopicAdminError) -> Finding {
    let reason = error.to_string();
    Finding::Unanswered { reason }
}

#[cfg(test)]
mod tests;
