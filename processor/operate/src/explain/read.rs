//! Reads what the topics hold about an account, one topic after the other. Blocks.

use std::time::Duration;

use stackone_link_schemas::{AccountId, AccountState};
use stackone_link_transport::{Polled, ReadError, ReadRange, Record, TopicReader};
use stackone_link_wire::partition_of_key;
use stackone_processor::config::Settings;
use stackone_processor::reader::consumed;

use super::collect::{EventCollector, LetterCollector, StrayCollector, follow};
use super::found::{Events, Evidence, Letter, Looked, SeenOnTopic, Strays};
use super::newest::Newest;
use super::question::AccountQuestion;
use super::spans::{Span, newest};
use super::unseen::NotSeen;
use crate::state_view;

/// How long a read may bring nothing before it fails.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one request to the cluster may take.
const STEP: Duration = Duration::from_secs(10);

/// How far a topic is read.
#[derive(Debug, Clone, Copy)]
pub struct ReadProgress<'a> {
    /// The name of the topic.
    pub topic: &'a str,
    /// How many offsets are read.
    pub done: u64,
    /// How many offsets there are to read.
    pub of: u64,
}

/// Reads all topics. What cannot be read is noted as such.
pub(super) fn all(
    settings: &Settings,
    question: &AccountQuestion,
    mut progress: impl FnMut(ReadProgress<'_>),
) -> Evidence {
    let scan = Scan { settings, question };
    let state = scan.state();
    let events = scan
        .events(&mut progress)
        .map_err(|error| NotSeen::of(&error));
    let letters = scan
        .letters(&mut progress)
        .map_err(|error| NotSeen::of(&error));
    let strays = scan
        .strays(&mut progress)
        .map_err(|error| NotSeen::of(&error));
    let mut found = Evidence {
        state,
        events,
        letters,
        strays,
    };
    if let Ok(events) = &mut found.events {
        let state = found.state.as_ref().ok().and_then(Option::as_ref);
        let letters = found.letters.as_ref().ok().map(|letters| &letters.found);
        follow(&mut events.found, state, letters);
    }
    found
}

struct Scan<'a> {
    settings: &'a Settings,
    question: &'a AccountQuestion,
}

impl Scan<'_> {
    /// Returns the newest state, without what the privacy switches keep out: a state that was
    /// written before they were set may still have it.
    fn state(&self) -> Result<Option<AccountState>, NotSeen> {
        let value = state_view::newest(self.settings, &self.question.account);
        let Some(value) = value.map_err(|error| NotSeen::of(&error))? else {
            return Ok(None);
        };
        let mut state = AccountState::parse(&value).map_err(|error| {
            NotSeen::because(format!("its state cannot be read: {error}; see doctor"))
        })?;
        if let Some(account) = &mut state.account {
            self.settings.lookups.personal().redact(account);
        }
        Ok(Some(state))
    }

    fn events(
        &self,
        progress: &mut impl FnMut(ReadProgress<'_>),
    ) -> Result<SeenOnTopic<Events>, ReadError> {
        let mut collector = EventCollector::default();
        let mut topic = self.topic(&self.settings.topics.account_events)?;
        let spans = topic.spans(Some(&self.question.account))?;
        let committed = spans.first().map(|span| span.partition);
        // The committed offset is read first, so that records written meanwhile do not seem to
        // wait.
        let committed = committed.map(|partition| topic.reader.committed(partition, STEP));
        let spans = newest(spans, self.question.limits.account_events);
        let looked = topic.read(&spans, progress, |record| {
            if self.is_of_account(record) {
                collector.take(&consumed(record.as_message()));
            }
        })?;
        let found = collector.found(committed.transpose()?.flatten());
        Ok(SeenOnTopic { found, looked })
    }

    fn letters(
        &self,
        progress: &mut impl FnMut(ReadProgress<'_>),
    ) -> Result<SeenOnTopic<Newest<Letter>>, ReadError> {
        let mut collector = LetterCollector::default();
        let mut topic = self.topic(&self.settings.topics.dead_letter)?;
        let spans = topic.spans(Some(&self.question.account))?;
        let spans = newest(spans, self.question.limits.dead_letter);
        let looked = topic.read(&spans, progress, |record| {
            if self.is_of_account(record) {
                collector.take(&consumed(record.as_message()));
            }
        })?;
        let found = collector.found();
        Ok(SeenOnTopic { found, looked })
    }

    fn strays(
        &self,
        progress: &mut impl FnMut(ReadProgress<'_>),
    ) -> Result<SeenOnTopic<Strays>, ReadError> {
        let mut collector = StrayCollector::of(&self.question.account);
        let mut topic = self.topic(&self.settings.topics.unrecognized)?;
        let spans = topic.spans(None)?;
        let spans = newest(spans, self.question.limits.unrecognized);
        let looked = topic.read(&spans, progress, |record| {
            collector.take(&consumed(record.as_message()));
        })?;
        let found = collector.found();
        Ok(SeenOnTopic { found, looked })
    }

    /// Whether the record is about the account: its key is the account, or is missing, as in the
    /// pipeline's records for a partition.
    fn is_of_account(&self, record: &Record<'_>) -> bool {
        let account = self.question.account.as_str().as_bytes();
        record.key().is_none_or(|key| key == account)
    }

    fn topic<'a>(&self, name: &'a str) -> Result<Topic<'a>, ReadError> {
        let (kafka, group) = (&self.settings.kafka, &self.settings.group.id);
        Ok(Topic {
            reader: TopicReader::new(kafka, group, name)?,
            name,
            since_ms: self.question.since.as_millisecond(),
        })
    }
}

struct Topic<'a> {
    reader: TopicReader,
    name: &'a str,
    since_ms: i64,
}

impl Topic<'_> {
    /// Returns the offsets that are new enough, of the partition of `only` or of all.
    fn spans(&self, only: Option<&AccountId>) -> Result<Vec<Span>, ReadError> {
        let partitions = self.reader.partitions(STEP)?;
        let count = i32::try_from(partitions.len()).unwrap_or(i32::MAX);
        let wanted = only.map(|id| partition_of_key(id.as_str().as_bytes(), count));
        let mut spans = Vec::new();
        for partition in partitions {
            if wanted.is_none_or(|wanted| wanted == partition) {
                let offsets = self.reader.offsets(partition, STEP)?;
                // The broker returns none where all are older, or where it cannot search by time,
                // as the embedded one. Then the records' own timestamps decide.
                let since = self.reader.offset_at(partition, self.since_ms, STEP)?;
                spans.push(Span::whole(partition, &offsets, since));
            }
        }
        Ok(spans)
    }

    fn read(
        &mut self,
        spans: &[Span],
        progress: &mut impl FnMut(ReadProgress<'_>),
        mut take: impl FnMut(&Record<'_>),
    ) -> Result<Looked, ReadError> {
        let (topic, of) = (self.name, spans.iter().map(Span::length).sum());
        let ranges = spans.iter().filter(|span| span.length() > 0);
        let ranges: Vec<_> = ranges
            .map(|span| ReadRange::of(span.partition, &(span.from..span.end)))
            .collect();
        let mut looked = Looked {
            topic: topic.to_owned(),
            records: 0,
            not_read: 0,
        };
        let mut reading = self.reader.read_to_end(&ranges, PATIENCE)?;
        let mut is_older = std::collections::BTreeMap::new();
        let mut done = 0;
        loop {
            match reading.poll()? {
                Polled::Record(record) => {
                    done += 1;
                    progress(ReadProgress { topic, done, of });
                    let at = record.timestamp_ms();
                    let older = at.is_some_and(|at| at < self.since_ms);
                    is_older.entry(record.partition()).or_insert(older);
                    if !older {
                        looked.records += 1;
                        take(&record);
                    }
                }
                Polled::Nothing => {}
                Polled::CaughtUp => break,
            }
        }
        // Where the first record that was read is too old, so are all before it.
        let cut = |span: &&Span| is_older.get(&span.partition) != Some(&true);
        looked.not_read = spans.iter().filter(cut).map(Span::not_read).sum();
        Ok(looked)
    }
}
