//! Watches a topic, as a subscriber.

use std::time::Duration;

use harness::{Isolation, ReadRecord, TopicReader};
use stackone_link_schemas::AccountLifecycleEvent;
use stackone_link_transport::Topic;

use super::Names;
use crate::observed::{Notebook, Sighting};
use crate::screen::{Line, Screen, Tone, Who};
use crate::stage::Stage;

/// As long as anybody watches.
const FOR_EVER: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Watches one topic.
pub(super) struct TopicWatcher {
    topic: Topic,
    reader: TopicReader,
    hides_aborted: bool,
    notebook: Notebook,
    names: Names,
    screen: Screen,
}

impl TopicWatcher {
    pub(super) fn new(
        topic: Topic,
        stage: &Stage,
        notebook: Notebook,
        names: Names,
        screen: Screen,
    ) -> Self {
        let broker = &stage.broker;
        let name = stage.topics.name(topic);
        Self {
            topic,
            reader: TopicReader::new(broker.bootstrap_servers(), name, Isolation::ReadCommitted),
            hides_aborted: broker.is_real(),
            notebook,
            names,
            screen,
        }
    }

    pub(super) async fn watch(mut self) -> anyhow::Result<()> {
        let mut seen = 0;
        loop {
            let records = self
                .reader
                .read_until(FOR_EVER, |records| records.len() > seen)
                .await;
            let new = records[seen..].to_vec();
            seen = records.len();
            for record in &new {
                self.saw(record);
            }
        }
    }

    fn saw(&self, record: &ReadRecord) {
        match self.topic {
            Topic::AccountEvents | Topic::RecordEvents | Topic::Unrecognized => {
                self.webhook(record, Tone::Good)
            }
            Topic::DeadLetter => self.webhook(record, Tone::Bad),
            Topic::Lifecycle | Topic::Linked | Topic::State => self.event(record),
        }
    }

    fn webhook(&self, record: &ReadRecord, tone: Tone) {
        self.notebook.note(|observed| {
            observed
                .values
                .entry(self.topic)
                .or_default()
                .push(record.value.clone());
        });
        self.screen.line(Line {
            who: if tone == Tone::Good {
                Who::Ingest
            } else {
                Who::Processor
            },
            what: format!(
                "→ {} [{}]@{}",
                short_name(self.topic),
                record.partition,
                record.offset
            ),
            account: record
                .key
                .as_deref()
                .map(|id| self.names.label(id))
                .unwrap_or_default(),
            verdict: format!("{} bytes", record.value.len()),
            tone: if tone == Tone::Good {
                Tone::Quiet
            } else {
                tone
            },
        });
    }

    fn event(&self, record: &ReadRecord) {
        match serde_json::from_slice::<AccountLifecycleEvent>(&record.value) {
            Ok(event) => {
                if self.is_new(&Sighting::from(&event)) {
                    self.screen.line(self.line(&event));
                }
            }
            Err(error) => self.notebook.note(|observed| {
                observed.problems.push(format!(
                    "a record of {} cannot be read: {error}",
                    short_name(self.topic)
                ));
            }),
        }
    }

    /// Notes the event. The embedded broker also shows what was aborted and then emitted again, with the same id.
    fn is_new(&self, sighting: &Sighting) -> bool {
        let mut is_new = true;
        self.notebook.note(|observed| {
            let list = if self.topic == Topic::Linked {
                &mut observed.linked
            } else {
                &mut observed.lifecycle
            };
            is_new = self.hides_aborted || !list.contains(sighting);
            if is_new {
                list.push(sighting.clone());
            }
        });
        is_new
    }

    fn line(&self, event: &AccountLifecycleEvent) -> Line {
        let account = self.names.label(event.account_id.as_str());
        if self.topic == Topic::Linked {
            return Line {
                who: Who::Service,
                what: "begins work for it".to_owned(),
                account,
                verdict: "told by the account.linked topic".to_owned(),
                tone: Tone::Good,
            };
        }
        let status = event
            .status
            .as_ref()
            .map_or("gone", |status| status.as_str());
        let lookups = if event.lookups == 1 {
            "1 lookup".to_owned()
        } else {
            format!("{} lookups", event.lookups)
        };
        Line {
            who: Who::Subscriber,
            what: format!("{} v{}", event.event_type, event.version),
            account,
            verdict: format!("{status}, after {lookups}"),
            tone: if status == "active" {
                Tone::Good
            } else {
                Tone::Bad
            },
        }
    }
}

/// The topic without prefix and version.
const fn short_name(topic: Topic) -> &'static str {
    match topic {
        Topic::AccountEvents => "account.events",
        Topic::RecordEvents => "record.events",
        Topic::Unrecognized => "unrecognized",
        Topic::Lifecycle => "account.lifecycle",
        Topic::Linked => "account.linked",
        Topic::State => "account.state",
        Topic::DeadLetter => "account.dead-letter",
    }
}
