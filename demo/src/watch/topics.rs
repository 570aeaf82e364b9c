//! Watches a topic, as a subscriber.

use std::time::Duration;

use harness::{Isolation, ReadRecord, TopicReader};
use stackone_link_schemas::{ACCOUNT_LISTED_TYPE, AccountLifecycleEvent, LISTING_MARKER_TYPE};
use stackone_link_wire::Topic;

use super::{Names, lines};
use crate::observed::{Notebook, Sighting};
use crate::screen::Screen;
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
            reader: TopicReader::new(broker.bootstrap_servers(), name, Isolation::ReadCommitted)
                .holding_to_the_contract_of(topic),
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
            Topic::AccountEvents => self.account_event(record),
            Topic::RecordEvents | Topic::Unrecognized | Topic::DeadLetter => self.webhook(record),
            Topic::Lifecycle | Topic::Linked | Topic::State => self.event(record),
            // No replica of connect runs here.
            Topic::LinkSessions => {}
        }
    }

    /// What a resync wrote is told apart by its type, as the processor does.
    fn account_event(&self, record: &ReadRecord) {
        match record.headers.event.event_type.as_str() {
            ACCOUNT_LISTED_TYPE => {
                self.notebook.note(|observed| observed.triggers.listed += 1);
                let line = lines::listed(self.topic, record, &self.names);
                self.screen.line(line);
            }
            // One for each partition would be more than anybody wants to read.
            LISTING_MARKER_TYPE => self
                .notebook
                .note(|observed| observed.triggers.markers += 1),
            _ => self.webhook(record),
        }
    }

    fn webhook(&self, record: &ReadRecord) {
        self.notebook.note(|observed| {
            let values = observed.values.entry(self.topic).or_default();
            values.push(record.value.clone());
        });
        self.screen
            .line(lines::webhook(self.topic, record, &self.names));
    }

    fn event(&self, record: &ReadRecord) {
        match serde_json::from_slice::<AccountLifecycleEvent>(&record.value) {
            Ok(event) => {
                if self.is_new(&Sighting::from(&event)) {
                    self.screen
                        .line(lines::event(self.topic, &event, &self.names));
                }
            }
            Err(error) => self.notebook.note(|observed| {
                observed.problems.push(format!(
                    "a record of {} cannot be read: {error}",
                    lines::short_name(self.topic)
                ));
            }),
        }
    }

    /// Notes the event. The embedded broker also shows what was aborted and then emitted again,
    /// with the same id.
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
}
