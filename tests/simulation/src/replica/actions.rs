//! Carrying out what the core wants, and taking in what comes.

use std::time::Duration;

use stackone_client_types::ApiError;
use stackone_processor_core::api_gate::batch;
use stackone_processor_core::processor::input::{
    ClusterAnswer, LookedUp, LookedUpTogether, Watermarks,
};
use stackone_processor_core::processor::{Action, End, Input};
use stackone_processor_core::resync::MARKERS_PARTITION;
use stackone_processor_core::steps::refetch::RefetchSteps;

use super::{Act, ApiCall, ApiReply, Job, Run};
use crate::kafka::call::{Call, Reply};
use crate::simulation::Simulation;
use crate::time::{MINUTE, Micros, micros, wall_ms};

/// How long a record is looked for.
const REFETCH: Duration = Duration::from_secs(10);
/// How far back markers of lists are read.
const LOOK_BACK: Micros = 135 * MINUTE;

impl Simulation {
    /// Gives the core an input, and carries out what it wants.
    pub(crate) fn give(&mut self, r: usize, run: &mut Run, input: Input) {
        self.trace.input(self.now, r, &input);
        let now = self.clock(r);
        run.ledger.now = now.monotonic;
        run.core.handle(now, input, &mut run.ledger);
        while let Some(action) = run.core.next_action() {
            self.carry_out(r, run, action);
        }
    }

    fn carry_out(&mut self, r: usize, run: &mut Run, action: Action) {
        self.trace.action(self.now, r, &action);
        match action {
            Action::Assign(partitions) => {
                for partition in &partitions {
                    self.begin_reading(r, run, *partition);
                }
                self.assigned(r, run, &partitions);
            }
            Action::Unassign(partitions) => {
                run.positions
                    .retain(|partition, _| !partitions.contains(partition));
                run.restores
                    .retain(|(partition, _), _| !partitions.contains(partition));
                self.unassigned(r, run, &partitions);
            }
            Action::Pause(partitions) => Self::pause(run, &partitions),
            Action::Resume(partitions) => self.resume(r, run, &partitions),
            Action::Restore { partition, epoch } => self.begin_restore(r, run, (partition, epoch)),
            Action::LookUp {
                key,
                lane,
                epoch,
                sent,
            } => {
                run.ledger.ask(&key, epoch);
                self.ask(
                    r,
                    ApiCall::One {
                        key,
                        lane,
                        epoch,
                        sent,
                    },
                );
            }
            Action::LookUpTogether { asked, lane, sent } => {
                asked
                    .iter()
                    .for_each(|asked| run.ledger.ask(&asked.key, asked.epoch));
                self.ask(r, ApiCall::Many { asked, lane, sent });
            }
            Action::Probe { lane, wait } => {
                self.act_later(r, micros(wait), Act::Ask(ApiCall::Probe { lane }));
            }
            Action::Refetch {
                key,
                epoch,
                causes,
                reason,
                detail,
            } => {
                let steps =
                    RefetchSteps::new(key.clone(), causes, REFETCH, self.clock(r).monotonic);
                let job = run.number();
                run.jobs.insert(
                    job,
                    Job {
                        steps,
                        key,
                        epoch,
                        why: (reason, detail),
                    },
                );
                self.go_on_refetching(r, run, job);
            }
            Action::Transact { generation, batch } => self.transact(r, run, generation, batch),
            Action::AskCluster { partitions, .. } => self.send(r, Call::Cluster(partitions)),
            Action::ReadMarkers { epoch, committed } => {
                let partition = MARKERS_PARTITION;
                let since_ms = wall_ms(self.now.saturating_sub(LOOK_BACK));
                self.send(
                    r,
                    Call::Markers {
                        partition,
                        epoch,
                        committed,
                        since_ms,
                    },
                );
            }
            Action::Resync { lane, .. } => self.begin_list(r, run, lane),
            Action::End(end) => run.state.has_ended = Some(matches!(end, End::Stopped)),
        }
    }

    /// Takes in what happens in a process.
    pub(crate) fn act(&mut self, r: usize, run: &mut Run, act: Act) {
        match act {
            Act::Tick | Act::Kill(_) => {}
            Act::Answered(answered) => self.on_answer(r, run, *answered),
            Act::Joined(joined) => self.on_joined(run, joined),
            Act::Heartbeat => self.heartbeat(r, run),
            Act::Rejoin(number) => self.rejoin(r, run, number),
            Act::Drive => self.drive(r, run),
            Act::Again(call) => self.call_again(r, run, call),
            Act::ApiAnswered(answered) => self.on_api(r, run, *answered),
            Act::Ask(call) => self.ask(r, call),
            Act::Stop => {
                run.state.is_stopping = true;
                self.give(r, run, Input::Stop);
            }
        }
    }

    /// A call waits to be made again, unless nobody wants its answer any more.
    fn call_again(&mut self, r: usize, run: &Run, call: Call) {
        let is_wanted = match &call {
            Call::Committed(partition) => run.positions.contains_key(partition),
            Call::Restore {
                partition, epoch, ..
            } => run.restores.contains_key(&(*partition, *epoch)),
            Call::Produce { client, .. } => run.transaction.is_some() && run.producer.1 == *client,
            _ => true,
        };
        if is_wanted {
            self.send(r, call);
        }
    }

    fn on_answer(&mut self, r: usize, run: &mut Run, (call, reply): (Call, Reply)) {
        match call {
            Call::Init | Call::Leave(_) => {}
            Call::Produce { .. } => self.on_produced(r, run, call, &reply),
            Call::SendOffsets { .. } | Call::End { .. } => self.on_ended(r, run, call, reply),
            Call::Join { member, .. } => self.on_join(r, run, member, &reply),
            Call::Heartbeat(member, generation) => {
                self.on_heartbeat(r, run, (member, generation), &reply);
            }
            Call::Committed(partition) => self.on_start(r, run, partition, &reply),
            Call::Fetch {
                partition, version, ..
            } => {
                self.on_fetched(r, run, (partition, version), reply);
            }
            Call::Restore {
                partition, epoch, ..
            } => {
                self.on_restore(r, run, (partition, epoch), reply);
            }
            Call::ReadAt { job, partition, .. } | Call::Low { job, partition } => {
                self.on_refetch(r, run, (job, partition), reply);
            }
            Call::Cluster(_) => {
                let answer = self.cluster_answer(reply);
                self.give(r, run, Input::ClusterAnswered(answer));
            }
            Call::Markers {
                epoch, committed, ..
            } => self.on_markers(r, run, (epoch, committed), reply),
            Call::Publish { .. } => self.on_published(r, run, matches!(reply, Reply::Done)),
        }
    }

    fn cluster_answer(&self, reply: Reply) -> ClusterAnswer {
        let Reply::Cluster(told) = reply else {
            return ClusterAnswer::No;
        };
        let watermarks = told
            .into_iter()
            .map(|(partition, epoch, range)| Watermarks {
                partition,
                epoch,
                range,
            });
        ClusterAnswer::Yes {
            partitions: usize::try_from(self.kafka.partitions).unwrap_or(0),
            watermarks: watermarks.collect(),
        }
    }

    fn on_api(&mut self, r: usize, run: &mut Run, (call, reply): (ApiCall, ApiReply)) {
        match &call {
            ApiCall::One { key, epoch, .. } => run.ledger.answered(key, *epoch),
            ApiCall::Many { asked, .. } => {
                asked
                    .iter()
                    .for_each(|asked| run.ledger.answered(&asked.key, asked.epoch));
            }
            ApiCall::Probe { .. } | ApiCall::Page { .. } => {}
        }
        let input = match (call, reply) {
            (
                ApiCall::One {
                    key,
                    lane,
                    epoch,
                    sent,
                },
                ApiReply::One(result),
            ) => Input::LookedUp(LookedUp {
                key,
                lane,
                epoch,
                sent,
                result,
            }),
            (ApiCall::Many { asked, lane, sent }, ApiReply::List(list)) => {
                let result = match list {
                    Ok(accounts) => Ok(batch::read(asked, accounts)),
                    Err(error) => Err((asked, error)),
                };
                Input::LookedUpTogether(LookedUpTogether { lane, sent, result })
            }
            (ApiCall::Probe { lane }, ApiReply::Probe(result)) => Input::Probed { lane, result },
            (ApiCall::Page { lane }, ApiReply::List(list)) => {
                return self.on_page(r, run, lane, list);
            }
            _ => return,
        };
        self.give(r, run, input);
    }

    /// What a request gives that reaches nobody.
    pub(crate) fn no_answer(call: &ApiCall) -> ApiReply {
        let error = ApiError::unavailable("timed out", None);
        match call {
            ApiCall::One { .. } => ApiReply::One(Err(error)),
            ApiCall::Many { .. } | ApiCall::Page { .. } => ApiReply::List(Err(error)),
            ApiCall::Probe { .. } => ApiReply::Probe(Err(error)),
        }
    }
}
