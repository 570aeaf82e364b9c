//! Between processes, Kafka and the API.

use super::{Event, Simulation};
use crate::kafka::call::{Call, Reply};
use crate::kafka::log::{New, TransactionNumber};
use crate::kafka::{Effect, Stored, TopicPartition};
use crate::oracle::Broken;
use crate::replica::{Act, ApiCall, ApiReply};
use crate::time::{MS, Micros, SECOND};
use crate::world::PATIENCE;

/// How long a client waits for an answer.
const CLIENT_PATIENCE: Micros = 2 * SECOND;

impl Simulation {
    /// Sends a call to Kafka. It arrives, whatever becomes of the process.
    pub(crate) fn send(&mut self, r: usize, call: Call) {
        let replica = &mut self.replicas[r];
        let (mut at, life) = (self.now + replica.latency(), replica.life);
        if matches!(
            call,
            Call::Join { .. } | Call::Heartbeat(..) | Call::Leave(_)
        ) {
            at = at.max(replica.last_arrival);
            replica.last_arrival = at;
        }
        self.push(at, Event::Arrive(r, life, call));
    }

    pub(super) fn on_arrival(&mut self, r: usize, life: u64, mut call: Call) {
        let is_away = self.now < self.away_until
            || (self.now < self.coordinator_away_until && needs_coordinator(&call));
        let replica = &self.replicas[r];
        // Of a process that is gone what is under way arrives nevertheless.
        let is_cut = is_away || (self.now < replica.cut_until && replica.life == life);
        let is_deaf = self.now < replica.deaf_until;
        if is_cut {
            let answered = Act::Answered(Box::new((call, Reply::None)));
            return self.push(self.now + CLIENT_PATIENCE, Event::Act(r, life, answered));
        }
        let reply = self.kafka.serve(r, &mut call, self.now);
        match (&call, &reply) {
            (Call::Fetch { partition, .. }, Reply::Records(fetched))
                if fetched.records.is_empty() =>
            {
                let end = self
                    .kafka
                    .log(Stored::Events, *partition)
                    .map_or(0, crate::kafka::log::Log::high);
                if matches!(call, Call::Fetch { from, .. } if from == end) {
                    let partition = *partition;
                    self.waiting
                        .entry(partition)
                        .or_default()
                        .push_back((r, life, call));
                    return;
                }
            }
            (Call::Join { .. }, Reply::Member(member)) => {
                self.members.insert(*member, (r, life));
            }
            _ => {}
        }
        let (wait, reply) = if is_deaf {
            (CLIENT_PATIENCE, Reply::None)
        } else {
            (self.replicas[r].latency(), reply)
        };
        let answered = Act::Answered(Box::new((call, reply)));
        self.push(self.now + wait, Event::Act(r, life, answered));
    }

    pub(super) fn carry_out_effects(&mut self) -> Result<(), Broken> {
        let effects = std::mem::take(&mut self.kafka.effects);
        for effect in effects {
            match effect {
                Effect::WriteEnd { id, number, target } => {
                    let longest = if self.now < self.slow_until {
                        5 * SECOND
                    } else {
                        20 * MS
                    };
                    let wait = self.broker.between(MS / 2, longest);
                    self.push(self.now + wait, Event::WriteEnd(id, number, target));
                }
                Effect::Joined(joined) => {
                    let Some((r, life)) = self.members.get(&joined.member).copied() else {
                        continue;
                    };
                    let replica = &mut self.replicas[r];
                    let is_lost = self.now < replica.cut_until.max(replica.deaf_until);
                    let wait = replica.latency();
                    if !is_lost {
                        self.push(self.now + wait, Event::Act(r, life, Act::Joined(joined)));
                    }
                }
                Effect::Appended(partition, offset) => {
                    let log = self.kafka.log(Stored::Events, partition);
                    let record = log.and_then(|log| log.get(offset));
                    if let Some(record) = record {
                        self.oracle.stored(partition, record, self.now);
                    }
                    let waiting = self.waiting.remove(&partition).unwrap_or_default();
                    for (r, life, call) in waiting {
                        self.push(self.now + MS / 10, Event::Arrive(r, life, call));
                    }
                }
                Effect::Committed(offsets) => {
                    self.oracle.offsets(&self.kafka, &offsets)?;
                }
                Effect::Ended(target) => {
                    self.oracle.ended_there(&self.kafka, &self.world, target)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn on_write_end(
        &mut self,
        id: usize,
        number: TransactionNumber,
        target: Option<TopicPartition>,
    ) {
        if self.now < self.away_until {
            return self.push(self.away_until + MS, Event::WriteEnd(id, number, target));
        }
        self.kafka.write_end(id, number, target, self.now);
    }

    /// Ingest stores a webhook before it answers, or StackOne sends it again.
    pub(super) fn on_webhook(&mut self, new: New) {
        if self.now < self.away_until {
            return self.push(self.now + 5 * SECOND, Event::Webhook(new));
        }
        let target = self.kafka.target(
            self.settings
                .topics
                .name(stackone_link_wire::Topic::AccountEvents),
            None,
            new.key.as_deref(),
        );
        self.kafka.publish(target, new, self.now);
    }

    /// Asks the API.
    pub(crate) fn ask(&mut self, r: usize, call: ApiCall) {
        let (wait, life) = (self.replicas[r].latency(), self.replicas[r].life);
        if self.now < self.replicas[r].api_cut_until {
            let reply = Self::no_answer(&call);
            let answered = Act::ApiAnswered(Box::new((call, reply)));
            return self.push(self.now + PATIENCE, Event::Act(r, life, answered));
        }
        self.push(self.now + wait, Event::ApiArrive(r, life, call));
    }

    pub(super) fn on_api_arrival(&mut self, r: usize, life: u64, call: ApiCall) {
        let run = self.replicas[r].run.as_ref();
        let member = run.and_then(|run| run.member.id());
        let by_member = member.is_some_and(|id| self.kafka.group.knows(id));
        let reply = match &call {
            ApiCall::One { key, .. } => {
                ApiReply::One(self.world.look_up(&key.id, by_member, self.now))
            }
            ApiCall::Many { asked, .. } => {
                let ids: Vec<_> = asked.iter().map(|asked| asked.key.id.clone()).collect();
                ApiReply::List(self.world.list(Some(&ids), by_member, self.now))
            }
            ApiCall::Probe { .. } => ApiReply::Probe(self.world.probe(self.now)),
            ApiCall::Page { .. } => ApiReply::List(self.world.list(None, by_member, self.now)),
        };
        let wait = self.world.latency(is_late(&reply), self.now);
        let answered = Act::ApiAnswered(Box::new((call, reply)));
        self.push(self.now + wait, Event::Act(r, life, answered));
    }
}

fn is_late(reply: &ApiReply) -> bool {
    use stackone_client_types::ApiError::Unavailable;
    let error = match reply {
        ApiReply::One(result) => result.as_ref().err(),
        ApiReply::List(result) => result.as_ref().err(),
        ApiReply::Probe(result) => result.as_ref().err(),
    };
    matches!(error, Some(Unavailable { reason, .. }) if reason == "timed out")
}

const fn needs_coordinator(call: &Call) -> bool {
    matches!(
        call,
        Call::Init
            | Call::SendOffsets { .. }
            | Call::End { .. }
            | Call::Join { .. }
            | Call::Heartbeat(..)
            | Call::Leave(_)
            | Call::Committed(_)
    )
}
