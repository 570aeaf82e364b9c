//! What a history says happens: at StackOne, to its API, to processes, Kafka and clocks, and what
//! an operator does.

use std::rc::Rc;

use stackone_link_schemas::{
    CloudEvent, DeadLetterReason, UNLINKS_RELEASED_TYPE, UnlinksReleased, event_id_of_body,
    source_of_project,
};
use stackone_link_wire::{RecordHeaders, RedriveHeaders};

use super::{Event, Simulation};
use crate::history::{Change, What};
use crate::kafka::log::{Log, New, Record};
use crate::kafka::{Stored, TopicPartition};
use crate::replica::lists::List;
use crate::stream::Stream;
use crate::time::{Micros, wall};

impl Simulation {
    pub(super) fn planned(&mut self, index: usize) {
        let Some(what) = self
            .history
            .events
            .get(index)
            .map(|event| event.what.clone())
        else {
            return;
        };
        if what
            .replica()
            .is_some_and(|replica| replica >= self.replicas.len())
        {
            return;
        }
        self.trace.tell(self.now, "history", &what);
        let until = |lasts: Micros| self.now + lasts;
        match what {
            What::Change {
                account,
                change,
                webhooks,
            } => {
                let event = self.world.change(account, &change, self.now);
                for wait in webhooks {
                    self.send_webhook(account, event, self.now, self.now + wait);
                }
            }
            What::Stray {
                account,
                is_deleted,
                age,
            } => {
                let event = if is_deleted {
                    "account.deleted"
                } else {
                    "account.updated"
                };
                self.send_webhook(account, event, self.now.saturating_sub(age), self.now);
            }
            What::Look {
                account,
                is_disconnected,
            } => self.send_look(account, is_disconnected, self.now),
            What::Junk { partition } => {
                let value = Some(b"not json".as_slice().into());
                let new = New {
                    key: None,
                    value,
                    headers: None,
                };
                self.kafka
                    .publish((Stored::Events, partition), new, self.now);
            }
            What::Api {
                mode,
                percent,
                lasts,
            } => self.world.misbehave(mode, percent, until(lasts)),
            What::Crash { replica, down } => self.kill(replica, down),
            What::Stop { replica, down } => self.stop(replica, down),
            What::Sleep { replica, lasts } => self.replicas[replica].asleep_until = until(lasts),
            What::Trap {
                replica,
                step,
                harm,
            } => self.replicas[replica].trap = Some((step, harm)),
            What::CutKafka {
                replica,
                answers_only,
                lasts,
            } if answers_only => {
                self.replicas[replica].deaf_until = until(lasts);
            }
            What::CutKafka { replica, lasts, .. } => {
                self.replicas[replica].cut_until = until(lasts)
            }
            What::CutApi { replica, lasts } => self.replicas[replica].api_cut_until = until(lasts),
            What::BrokerAway { lasts } => {
                self.away_until = until(lasts);
                self.kafka.group.reload(self.away_until);
            }
            What::CoordinatorAway { lasts } => {
                self.coordinator_away_until = until(lasts);
                self.kafka.group.reload(self.coordinator_away_until);
            }
            What::SlowMarkers { lasts } => self.slow_until = until(lasts),
            What::Expel { replica } => {
                let run = self.replicas[replica].run.as_ref();
                if let Some(member) = run.and_then(|run| run.member.id()) {
                    self.kafka.group.leave(member, self.now);
                }
            }
            What::OffsetsReset { partition, down } => {
                (0..self.replicas.len()).for_each(|replica| self.kill(replica, down));
                let low = self
                    .kafka
                    .log(Stored::Events, partition)
                    .map_or(0, Log::low);
                if !self.kafka.transactions.has_pending_offset(partition) {
                    self.kafka.committed.insert(partition, low);
                }
            }
            What::MadeAgain => self.kafka.make_events_again(),
            What::Expire { partition } => {
                let logs = self.kafka.logs_mut(Stored::Events);
                let mut log = logs.filter(|(number, _)| *number == partition);
                if let Some((_, log)) = log.next() {
                    log.delete_below(log.high());
                }
            }
            What::ClockStep { replica, by_ms } => self.replicas[replica].clock_ms += by_ms,
            What::Release => self.release(),
            What::Redrive => self.redrive(),
            What::Resync => self.resync(),
        }
    }

    fn send_webhook(&mut self, account: usize, event: &str, date: Micros, at: Micros) {
        if let Some(new) = self.world.webhook(account, event, date, at) {
            self.push(at, Event::Webhook(new));
        }
    }

    fn send_look(&mut self, account: usize, is_disconnected: bool, at: Micros) {
        if let Some(new) = self.world.look(account, is_disconnected, at) {
            self.push(at, Event::Webhook(new));
        }
    }

    /// Looks in a round. A processor whose clock is behind takes a look for older than it says.
    fn looks(&mut self) {
        let mut draw = Stream::of(self.history.seed, "looks", self.rounds.0);
        if self.replicas.iter().any(|replica| replica.clock_ms < 0) {
            return;
        }
        for account in 0..self.world.accounts.len() {
            if draw.chance(20) {
                let at = self.now + draw.between(10_000, 5_000_000);
                self.send_look(account, draw.chance(20), at);
            }
        }
    }

    /// Begins a round: each account changes at most once, its webhooks and looks come, and a
    /// process may be killed.
    pub(super) fn next_round(&mut self) {
        self.rounds = (self.rounds.0 + 1, self.now);
        if self.rounds.0 > super::ROUNDS {
            return;
        }
        let mut draw = Stream::of(self.history.seed, "round", self.rounds.0);
        for account in 0..self.world.accounts.len() {
            if !draw.chance(40) {
                continue;
            }
            let change = match draw.below(6) {
                0 => Change::Unlink,
                1 => Change::Refresh,
                2 => Change::Status("error".to_owned()),
                3 => Change::Status("archived".to_owned()),
                _ => Change::Status("active".to_owned()),
            };
            // What is not linked can only be linked.
            let is_linked = self.world.truth(account).is_some();
            let change = if is_linked {
                change
            } else {
                Change::Status("active".to_owned())
            };
            let event = self.world.change(account, &change, self.now);
            for _ in 0..=draw.below(2) {
                let at = self.now + draw.between(10_000, 5_000_000);
                self.send_webhook(account, event, self.now, at);
            }
        }
        self.looks();
        if draw.chance(50) {
            let replica = draw.index(self.replicas.len());
            self.kill(replica, draw.between(0, 5_000_000));
        }
    }

    fn release(&mut self) {
        let released = UnlinksReleased {
            project_id: None,
            released_at: wall(self.now),
        };
        let value = serde_json::to_vec(&released).unwrap_or_default();
        let headers = RecordHeaders::of(CloudEvent {
            id: event_id_of_body(&value),
            event_type: UNLINKS_RELEASED_TYPE.to_owned(),
            source: source_of_project(None),
            subject: None,
            time: Some(wall(self.now)),
            dataschema: None,
        });
        let new = New {
            key: None,
            value: Some(value.into()),
            headers: Some(Rc::new(headers)),
        };
        for partition in 0..self.kafka.partitions {
            self.kafka
                .publish((Stored::Events, partition), new.clone(), self.now);
        }
    }

    /// Puts back what was put aside because of its lookup, once.
    fn redrive(&mut self) {
        let mut put_back: Vec<(TopicPartition, New)> = Vec::new();
        for (partition, log) in self.kafka.logs(Stored::DeadLetter) {
            let from = self.redriven.get(&partition).copied().unwrap_or(0);
            let letters = log.committed().filter(|record| record.offset >= from);
            put_back.extend(letters.filter_map(original));
            self.redriven.insert(partition, log.last_stable());
        }
        for (target, new) in put_back {
            self.kafka.publish(target, new, self.now);
        }
    }

    /// What the command `resync` does, by a process of its own.
    fn resync(&mut self) {
        let list = List::new(self.operator.draw(), self.now);
        let Ok(page) = self.world.list(None, false, self.now) else {
            return;
        };
        let partitions = self.kafka.partitions;
        let records = list.markers(partitions, false).into_iter();
        let records = records.chain(list.triggers(partitions, &page));
        for (target, new) in records.chain(list.markers(partitions, true)) {
            self.kafka.publish(target, new, self.now);
        }
    }
}

/// The record that a dead letter was, with what a redrive adds.
fn original(letter: &Record) -> Option<(TopicPartition, New)> {
    let headers = letter.headers.as_deref()?;
    let why = headers
        .dead_letter
        .as_ref()
        .filter(|why| !why.value_expired)?;
    if !matches!(
        why.reason,
        DeadLetterReason::LookupRejected | DeadLetterReason::LookupUnreadable
    ) {
        return None;
    }
    let redrives = headers
        .redrive
        .as_ref()
        .map_or(0, |redrive| redrive.redrives)
        + 1;
    let redrive = Some(RedriveHeaders {
        redrives,
        first_seen: why.first_seen,
    });
    let headers = RecordHeaders {
        dead_letter: None,
        redrive,
        ..headers.clone()
    };
    let new = New {
        key: letter.key.clone(),
        value: letter.value.clone(),
        headers: Some(Rc::new(headers)),
    };
    Some(((Stored::Events, why.partition), new))
}
