//! What the client reads: records, states to restore, records again.

use std::time::Duration;

use stackone_client_types::PersonalFields;
use stackone_link_wire::Topic;
use stackone_processor_core::event::intake::Consumed;
use stackone_processor_core::processor::Input;
use stackone_processor_core::processor::input::Refetched;
use stackone_processor_core::steps::{refetch, restore};

use super::{Act, Position, Restoring, Run};
use crate::kafka::call::{Call, Reply};
use crate::kafka::log::{Fetched, Record};
use crate::simulation::Simulation;
use crate::time::{MS, SECOND, micros};

/// Records that are given to the core before it looks at anything else.
const MOST_RECORDS: usize = 1000;

/// A record as the core takes it.
#[must_use]
pub fn consumed(partition: i32, record: &Record) -> Consumed {
    Consumed {
        partition,
        offset: record.offset,
        timestamp_ms: record.timestamp_ms,
        key: record.key.as_deref().map(<[u8]>::to_vec),
        value: record.value.as_deref().unwrap_or_default().to_vec(),
        headers: record.headers.as_deref().cloned(),
    }
}

impl Simulation {
    /// Reading begins at the group's offset as it is now, paused.
    pub(crate) fn begin_reading(&mut self, r: usize, run: &mut Run, partition: i32) {
        let version = run.number();
        let position = Position {
            next: None,
            taken: 0,
            is_paused: true,
            is_fetching: false,
            buffer: std::collections::VecDeque::new(),
            version,
        };
        run.positions.insert(partition, position);
        self.send(r, Call::Committed(partition));
    }

    pub(crate) fn on_start(&mut self, r: usize, run: &mut Run, partition: i32, reply: &Reply) {
        let low = self
            .kafka
            .log(crate::kafka::Stored::Events, partition)
            .map_or(0, crate::kafka::log::Log::low);
        let Some(position) = run
            .positions
            .get_mut(&partition)
            .filter(|position| position.next.is_none())
        else {
            return;
        };
        match reply {
            Reply::Committed(committed) => {
                position.next = Some(committed.unwrap_or(low));
                position.taken = committed.unwrap_or(low);
                // One fetch may be under way before the pause.
                let is_early = self.replicas[r].network.chance(20);
                let is_paused = position.is_paused;
                position.is_paused &= !is_early;
                self.fetch(r, run);
                if let Some(position) = run.positions.get_mut(&partition) {
                    position.is_paused = is_paused;
                }
            }
            _ => self.act_later(r, 100 * MS, Act::Again(Call::Committed(partition))),
        }
    }

    pub(crate) fn pause(run: &mut Run, partitions: &[i32]) {
        for partition in partitions {
            if let Some(position) = run.positions.get_mut(partition) {
                position.is_paused = true;
            }
        }
    }

    pub(crate) fn resume(&mut self, r: usize, run: &mut Run, partitions: &[i32]) {
        for partition in partitions {
            let version = run.number();
            let Some(position) = run.positions.get_mut(partition) else {
                continue;
            };
            position.is_paused = false;
            position.is_fetching = false;
            position.version = version;
            position.buffer.clear();
            position.next = position.next.map(|_| position.taken);
        }
        self.fetch(r, run);
    }

    /// Fetches what is not paused and not read ahead.
    pub(crate) fn fetch(&mut self, r: usize, run: &mut Run) {
        for (partition, position) in &mut run.positions {
            let is_due = !position.is_paused && !position.is_fetching && position.buffer.is_empty();
            let Some(from) = position.next.filter(|_| is_due) else {
                continue;
            };
            position.is_fetching = true;
            let (partition, version) = (*partition, position.version);
            self.send(
                r,
                Call::Fetch {
                    partition,
                    from,
                    version,
                },
            );
        }
    }

    pub(crate) fn on_fetched(
        &mut self,
        r: usize,
        run: &mut Run,
        (partition, version): (i32, u64),
        reply: Reply,
    ) {
        let position = run.positions.get_mut(&partition);
        let Some(position) = position.filter(|position| position.version == version) else {
            return;
        };
        position.is_fetching = false;
        let Reply::Records(Fetched { records, next, .. }) = reply else {
            return self.act_later(r, SECOND, Act::Tick);
        };
        if position.is_paused && self.replicas[r].network.chance(50) {
            return;
        }
        position.next = Some(next);
        if records.is_empty() {
            position.taken = next;
        }
        position.buffer.extend(records);
    }

    /// Gives the core rebalances and records, as long as it takes them.
    pub(crate) fn poll(&mut self, r: usize, run: &mut Run) {
        for _ in 0..MOST_RECORDS {
            if !run.core.may_poll() || run.state.has_ended.is_some() {
                return;
            }
            let input = run.member.next_input().or_else(|| next_record(run));
            let Some(input) = input else {
                return self.fetch(r, run);
            };
            self.give(r, run, input);
        }
        self.act_later(r, 0, Act::Tick);
    }

    pub(crate) fn begin_restore(
        &mut self,
        r: usize,
        run: &mut Run,
        (partition, epoch): (i32, u64),
    ) {
        let topic = self.settings.topics.name(Topic::State).to_owned();
        let all = PersonalFields {
            origin_username: true,
            setup_information: false,
        };
        let steps = restore::RestoreSteps::new(topic, partition, all);
        let restoring = Restoring {
            steps,
            began: self.now,
            position: 0,
        };
        run.restores.insert((partition, epoch), restoring);
        self.go_on_restoring(r, run, (partition, epoch));
    }

    fn go_on_restoring(&mut self, r: usize, run: &mut Run, of: (i32, u64)) {
        let (partition, epoch) = of;
        let Some(restoring) = run.restores.get(&of) else {
            return;
        };
        match restoring.steps.next() {
            restore::RestoreStep::Call(call, wait) => {
                let position = restoring.position;
                let call = Call::Restore {
                    partition,
                    epoch,
                    call,
                    position,
                };
                if wait.is_zero() {
                    self.send(r, call);
                } else {
                    self.act_later(r, micros(wait), Act::Again(call));
                }
            }
            restore::RestoreStep::Done => {
                let Some(restoring) = run.restores.remove(&of) else {
                    return;
                };
                let took = Duration::from_micros(self.now - restoring.began);
                let result = Box::new(restoring.steps.finish());
                self.give(
                    r,
                    run,
                    Input::Restored {
                        partition,
                        epoch,
                        result,
                        took,
                    },
                );
            }
        }
    }

    pub(crate) fn on_restore(&mut self, r: usize, run: &mut Run, of: (i32, u64), reply: Reply) {
        let Some(restoring) = run.restores.get_mut(&of) else {
            return;
        };
        let answer = match reply {
            Reply::Committed(offset) => restore::RestoreAnswer::Committed(offset),
            Reply::Watermarks(low, high) => restore::RestoreAnswer::Watermarks(low, high),
            Reply::Offset(count) if is_count(&restoring.steps) => {
                restore::RestoreAnswer::Count(usize::try_from(count).unwrap_or(0))
            }
            Reply::Offset(offset) => restore::RestoreAnswer::Offset(offset),
            Reply::Records(Fetched {
                records,
                next,
                is_end,
            }) => {
                for record in records {
                    restoring
                        .steps
                        .record(record.key.as_deref(), record.value.as_deref());
                }
                restoring.position = next;
                if !is_end {
                    return self.go_on_restoring(r, run, of);
                }
                restore::RestoreAnswer::End
            }
            _ => restore::RestoreAnswer::None,
        };
        restoring.steps.ended(answer);
        self.go_on_restoring(r, run, of);
    }

    pub(crate) fn go_on_refetching(&mut self, r: usize, run: &mut Run, job: u64) {
        let Some(one) = run.jobs.get(&job) else {
            return;
        };
        match one.steps.next() {
            refetch::RefetchStep::Read {
                partition,
                offset,
                is_first,
            } => {
                let call = Call::ReadAt {
                    job,
                    partition,
                    offset,
                };
                self.act_later(r, if is_first { 0 } else { 100 * MS }, Act::Again(call));
            }
            refetch::RefetchStep::LowWatermark(partition) => {
                self.send(r, Call::Low { job, partition })
            }
            refetch::RefetchStep::Done => {
                let Some(one) = run.jobs.remove(&job) else {
                    return;
                };
                let (key, epoch, (reason, detail)) = (one.key, one.epoch, one.why);
                let input = match one.steps.finish() {
                    Ok(originals) => Input::Refetched(Box::new(Refetched {
                        key,
                        epoch,
                        reason,
                        detail,
                        originals,
                    })),
                    Err(_) => Input::NotRefetched { key, epoch },
                };
                self.give(r, run, input);
            }
        }
    }

    pub(crate) fn on_refetch(
        &mut self,
        r: usize,
        run: &mut Run,
        (job, partition): (u64, i32),
        reply: Reply,
    ) {
        let now = self.clock(r).monotonic;
        let Some(one) = run.jobs.get_mut(&job) else {
            return;
        };
        let answer = match reply {
            Reply::Records(Fetched { records, .. }) => match records.first() {
                Some(record) => {
                    refetch::RefetchAnswer::Record(Box::new(consumed(partition, record)))
                }
                None => refetch::RefetchAnswer::EndOfPartition,
            },
            Reply::Offset(low) => refetch::RefetchAnswer::Low(low),
            _ => refetch::RefetchAnswer::None,
        };
        one.steps.ended(answer, now);
        self.go_on_refetching(r, run, job);
    }
}

fn is_count(steps: &restore::RestoreSteps) -> bool {
    matches!(
        steps.next(),
        restore::RestoreStep::Call(restore::RestoreCall::PartitionCount, _)
    )
}

fn next_record(run: &mut Run) -> Option<Input> {
    let mut positions = run.positions.iter_mut();
    let (partition, position) = positions.find(|(_, position)| !position.buffer.is_empty())?;
    let record = position.buffer.pop_front()?;
    position.taken = record.offset + 1;
    if position.buffer.is_empty() {
        position.taken = position.next.unwrap_or(position.taken);
    }
    Some(Input::Consumed(Box::new(consumed(*partition, &record))))
}
