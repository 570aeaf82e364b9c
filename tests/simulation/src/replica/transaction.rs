//! The client's transactional producer, driven by the core's steps.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use stackone_processor_core::event::records::Batch;
use stackone_processor_core::processor::Input;
use stackone_processor_core::processor::input::{Generation, Transacted};
use stackone_processor_core::steps::transaction::{
    CallError, Outcome, ProducerCall, TransactionStep, TransactionSteps,
};

use super::{Act, Run};
use crate::history::{Harm, Step};
use crate::kafka::TopicPartition;
use crate::kafka::call::{Call, Reply};
use crate::kafka::group::MemberId;
use crate::kafka::log::New;
use crate::kafka::transactions::TIMEOUT;
use crate::simulation::Simulation;
use crate::time::{MS, Micros};

/// How long to wait before a call is made again.
const AGAIN: Micros = 20 * MS;

/// A transaction under way.
#[derive(Debug)]
pub struct Transaction {
    steps: TransactionSteps,
    batch: Batch,
    group: (MemberId, u64),
    /// What is handed to the client and not sent yet.
    queued: BTreeMap<TopicPartition, Vec<New>>,
    /// Requests to store records that are not answered.
    unanswered: usize,
    /// Why records were not stored.
    failed: Option<CallError>,
    /// A call is under way, whose answer is waited for.
    is_waiting: bool,
}

impl Simulation {
    pub(crate) fn transact(&mut self, r: usize, run: &mut Run, token: Generation, batch: Batch) {
        let Some(group) = run.member.group(token) else {
            let error = "the generation is not known".into();
            let aborted = Transacted::Aborted {
                error,
                leaderless: Vec::new(),
            };
            return self.give(r, run, Input::Transacted(aborted));
        };
        let allowed = Duration::from_micros(TIMEOUT);
        let steps = TransactionSteps::new(batch.records.len(), allowed, self.clock(r).monotonic);
        run.transaction = Some(Transaction {
            steps,
            batch,
            group,
            queued: BTreeMap::new(),
            unanswered: 0,
            failed: None,
            is_waiting: false,
        });
        self.drive(r, run);
    }

    /// Makes the calls that come next, until one has to be waited for.
    pub(crate) fn drive(&mut self, r: usize, run: &mut Run) {
        while let Some(transaction) = &mut run.transaction {
            if transaction.is_waiting {
                return;
            }
            let call = match transaction.steps.next() {
                TransactionStep::Call(call) => call,
                TransactionStep::Done(outcome) => {
                    run.transaction = None;
                    return self.give(r, run, Input::Transacted(transacted(outcome)));
                }
            };
            if self.springs(r, run, call) {
                return;
            }
            match self.make(r, run, call) {
                Some(Err(CallError::NotYet)) => {
                    self.ended(r, run, Err(CallError::NotYet));
                    return self.act_later(r, AGAIN, Act::Drive);
                }
                Some(result) => self.ended(r, run, result),
                None => return,
            }
        }
    }

    fn ended(&mut self, r: usize, run: &mut Run, result: Result<(), CallError>) {
        let (now, is_stopping) = (self.clock(r).monotonic, run.state.is_stopping);
        if let Some(transaction) = &mut run.transaction {
            transaction.steps.ended(result, is_stopping, now);
        }
    }

    /// Makes a call; gives how it ended, or nothing where that is waited for.
    fn make(
        &mut self,
        r: usize,
        run: &mut Run,
        call: ProducerCall,
    ) -> Option<Result<(), CallError>> {
        let transaction = run.transaction.as_mut()?;
        let (epoch, client) = run.producer;
        let call = match call {
            ProducerCall::Begin => {
                run.producer.1 += 1;
                return Some(Ok(()));
            }
            ProducerCall::Produce(at) => {
                transaction.queue(at, self);
                if at + 1 == transaction.batch.records.len() {
                    self.send_records(r, run);
                }
                return Some(Ok(()));
            }
            ProducerCall::Flush => {
                return Some(match transaction.failed {
                    Some(error) => Err(error),
                    None if transaction.unanswered > 0 => Err(CallError::NotYet),
                    None => Ok(()),
                });
            }
            ProducerCall::SendOffsets => {
                let offsets = transaction.batch.offsets.clone();
                // Without any the client asks nobody.
                if offsets.is_empty() {
                    return Some(Ok(()));
                }
                Call::SendOffsets {
                    epoch,
                    client,
                    group: transaction.group,
                    offsets,
                }
            }
            ProducerCall::Commit => Call::End {
                epoch,
                client,
                is_commit: true,
            },
            ProducerCall::Abort => Call::End {
                epoch,
                client,
                is_commit: false,
            },
        };
        transaction.is_waiting = true;
        self.send(r, call);
        None
    }

    fn send_records(&mut self, r: usize, run: &mut Run) {
        let (epoch, client) = run.producer;
        let Some(transaction) = &mut run.transaction else {
            return;
        };
        for (target, records) in std::mem::take(&mut transaction.queued) {
            transaction.unanswered += 1;
            self.send(
                r,
                Call::Produce {
                    epoch,
                    client,
                    target,
                    records,
                },
            );
        }
    }

    /// Records were stored, or not. What timed out is sent again, and stored once.
    pub(crate) fn on_produced(&mut self, r: usize, run: &mut Run, call: Call, reply: &Reply) {
        let Call::Produce { client, .. } = call else {
            return;
        };
        let is_current = run.producer.1 == client;
        let Some(transaction) = run.transaction.as_mut().filter(|_| is_current) else {
            return;
        };
        match reply {
            Reply::Done => {
                transaction.unanswered -= 1;
                if transaction.unanswered == 0 {
                    self.drive(r, run);
                }
            }
            Reply::Fenced => transaction.failed = Some(CallError::Fatal),
            Reply::InvalidState => transaction.failed = Some(CallError::NeedsAbort),
            // It is aborted once it has taken too long.
            _ => self.act_later(r, AGAIN, Act::Again(call)),
        }
    }

    /// Offsets were sent, or the transaction was ended, or not.
    pub(crate) fn on_ended(&mut self, r: usize, run: &mut Run, call: Call, reply: Reply) {
        let (client, is_commit) = match call {
            Call::End {
                client, is_commit, ..
            } => (client, is_commit),
            Call::SendOffsets { client, .. } => (client, false),
            _ => return,
        };
        let is_current = run.producer.1 == client;
        if run
            .transaction
            .as_ref()
            .is_none_or(|transaction| !is_current || !transaction.is_waiting)
        {
            return;
        }
        if is_commit && matches!(reply, Reply::Done) && self.harm(r, run, Step::Committed) {
            return self.act_later(r, 0, Act::Answered(Box::new((call, reply))));
        }
        let result = match reply {
            Reply::Done => Ok(()),
            Reply::Fenced => Err(CallError::Fatal),
            Reply::InvalidState | Reply::NoMember(_) => Err(CallError::NeedsAbort),
            _ => Err(CallError::NotYet),
        };
        if let Some(transaction) = &mut run.transaction {
            transaction.is_waiting = false;
        }
        self.ended(r, run, result);
        if result == Err(CallError::NotYet) {
            return self.act_later(r, AGAIN, Act::Drive);
        }
        self.drive(r, run);
    }

    /// Whether something befalls the process before a call, so that it is not made now.
    fn springs(&mut self, r: usize, run: &mut Run, call: ProducerCall) -> bool {
        let step = match call {
            ProducerCall::Produce(_) => Step::Produce,
            ProducerCall::SendOffsets => Step::SendOffsets,
            ProducerCall::Commit => Step::Commit,
            ProducerCall::Begin | ProducerCall::Flush | ProducerCall::Abort => return false,
        };
        if self.harm(r, run, step) {
            self.act_later(r, 0, Act::Drive);
            return true;
        }
        false
    }

    /// Carries out what is to befall the process at a step. Whether nothing else is done now.
    fn harm(&mut self, r: usize, run: &mut Run, step: Step) -> bool {
        let replica = &mut self.replicas[r];
        let Some((_, harm)) = replica.trap.take_if(|(at, _)| *at == step) else {
            return false;
        };
        match harm {
            Harm::Crash { down } => run.state.killed = Some(down),
            Harm::Sleep { lasts } => replica.asleep_until = self.now + lasts,
            Harm::LoseAnswers { lasts } => {
                replica.deaf_until = self.now + lasts;
                return false;
            }
        }
        true
    }
}

impl Transaction {
    fn queue(&mut self, at: usize, simulation: &Simulation) {
        let Some(record) = self.batch.records.get(at) else {
            return;
        };
        let key = record.key.as_deref();
        let target = simulation
            .kafka
            .target(&record.topic, record.partition, key);
        let new = New {
            key: key.map(Into::into),
            value: record.value.as_deref().map(Into::into),
            headers: Some(Rc::new(record.headers.clone())),
        };
        self.queued.entry(target).or_default().push(new);
    }
}

fn transacted(outcome: Outcome) -> Transacted {
    match outcome {
        Outcome::Committed => Transacted::Committed,
        Outcome::Aborted => Transacted::Aborted {
            error: "aborted".into(),
            leaderless: Vec::new(),
        },
        Outcome::Fatal => Transacted::Fatal("fatal".into()),
    }
}
