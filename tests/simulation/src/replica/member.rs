//! The client's side of the group: cooperative rebalances, heartbeats, and what the core is told of
//! them.

use std::collections::{BTreeSet, VecDeque};

use stackone_processor_core::processor::Input;
use stackone_processor_core::processor::input::Generation;

use super::{Act, Run};
use crate::kafka::call::{Call, Reply};
use crate::kafka::group::{Joined, MemberId, Refused, SESSION};
use crate::simulation::Simulation;
use crate::time::{Micros, SECOND};

/// How often the member shows that it lives: librdkafka's default.
const HEARTBEAT: Micros = 3 * SECOND;
/// The same in a history of days, which else would spend most of its time on heartbeats. It is less
/// than a third of the session, as Kafka advises.
const SELDOM: Micros = 10 * SECOND;
/// How long a join is waited for before it is sent again.
const JOIN_AGAIN: Micros = 15 * SECOND;

/// Membership of the group.
#[derive(Debug, Default)]
pub struct Member {
    /// As whom.
    id: Option<MemberId>,
    generation: u64,
    owned: BTreeSet<i32>,
    is_joining: bool,
    /// Counts joins.
    joins: u64,
    heard_at: Micros,
    /// What the core is told next.
    rebalances: VecDeque<Rebalance>,
    /// What the core was told and has not answered.
    unanswered: Option<Rebalance>,
    has_to_rejoin: bool,
    /// Members and generations by the token that stands for them.
    tokens: Vec<(MemberId, u64)>,
}

#[derive(Debug, Clone)]
enum Rebalance {
    Assigned {
        partitions: Vec<i32>,
        token: Generation,
    },
    Revoked {
        partitions: Vec<i32>,
        then: Vec<i32>,
        token: Generation,
    },
    Lost(Vec<i32>),
}

impl Member {
    /// What a token stands for.
    #[must_use]
    pub fn group(&self, token: Generation) -> Option<(MemberId, u64)> {
        let index = usize::try_from(token.0).ok()?;
        self.tokens.get(index).copied()
    }

    /// As whom it is known to the group.
    #[must_use]
    pub const fn id(&self) -> Option<MemberId> {
        self.id
    }

    fn token(&mut self) -> Generation {
        self.tokens
            .push((self.id.unwrap_or_default(), self.generation));
        Generation(u64::try_from(self.tokens.len() - 1).unwrap_or_default())
    }

    /// Whether the core is to be told of a rebalance.
    #[must_use]
    pub fn has_news(&self) -> bool {
        !self.rebalances.is_empty()
    }

    fn is_idle(&self) -> bool {
        self.unanswered.is_none() && self.rebalances.is_empty()
    }

    /// What the core is told of next.
    pub fn next_input(&mut self) -> Option<Input> {
        let rebalance = self.rebalances.pop_front()?;
        self.unanswered = Some(rebalance.clone());
        Some(match rebalance {
            Rebalance::Assigned { partitions, token } => Input::Assigned {
                partitions,
                generation: Some(token),
            },
            Rebalance::Revoked {
                partitions, token, ..
            } => Input::Revoked {
                partitions,
                generation: Some(token),
            },
            Rebalance::Lost(partitions) => Input::Lost(partitions),
        })
    }
}

impl Simulation {
    /// Joins the group, or joins it again.
    pub(crate) fn join(&mut self, r: usize, run: &mut Run) {
        let member = &mut run.member;
        member.is_joining = true;
        member.has_to_rejoin = false;
        member.joins += 1;
        let number = member.joins;
        let owned = if member.id.is_some() {
            member.owned.clone()
        } else {
            BTreeSet::new()
        };
        let call = Call::Join {
            member: member.id,
            owned,
        };
        self.send(r, call);
        self.act_later(r, JOIN_AGAIN, Act::Rejoin(number));
    }

    /// The join may have been lost on its way.
    pub(crate) fn rejoin(&mut self, r: usize, run: &mut Run, number: u64) {
        if run.member.is_joining && run.member.joins == number {
            self.join(r, run);
        }
    }

    /// Shows that the member lives, and gives up where nobody has answered for too long.
    pub(crate) fn heartbeat(&mut self, r: usize, run: &mut Run) {
        let interval = if self.history.is_of_days() {
            SELDOM
        } else {
            HEARTBEAT
        };
        self.act_later(r, interval, Act::Heartbeat);
        let member = &run.member;
        let Some(id) = member.id.filter(|_| !member.is_joining) else {
            return;
        };
        if self.now >= member.heard_at + SESSION {
            return self.lose(r, run);
        }
        self.send(r, Call::Heartbeat(id, member.generation));
    }

    pub(crate) fn on_heartbeat(
        &mut self,
        r: usize,
        run: &mut Run,
        of: (MemberId, u64),
        reply: &Reply,
    ) {
        let is_current = run.member.id == Some(of.0) && run.member.generation == of.1;
        if !is_current || run.member.is_joining {
            return;
        }
        match reply {
            Reply::Done => run.member.heard_at = self.now,
            Reply::NoMember(Refused::Rebalancing) => {
                run.member.heard_at = self.now;
                self.join_when_idle(r, run);
            }
            Reply::NoMember(Refused::UnknownMember | Refused::IllegalGeneration) => {
                self.lose(r, run)
            }
            _ => {}
        }
    }

    pub(crate) fn on_join(
        &mut self,
        r: usize,
        run: &mut Run,
        as_whom: Option<MemberId>,
        reply: &Reply,
    ) {
        match reply {
            Reply::Member(id) if run.member.id.is_none() && run.member.is_joining => {
                run.member.id = Some(*id);
            }
            Reply::NoMember(_) if run.member.id == as_whom => self.lose(r, run),
            _ => {}
        }
    }

    /// The member was removed: what it owned may be another's.
    fn lose(&mut self, r: usize, run: &mut Run) {
        let member = &mut run.member;
        member.id = None;
        member.is_joining = false;
        member.rebalances.clear();
        if member.unanswered.is_some() {
            member.has_to_rejoin = true;
        } else if member.owned.is_empty() {
            self.join(r, run);
        } else {
            let owned = member.owned.iter().copied().collect();
            member.rebalances.push_back(Rebalance::Lost(owned));
        }
    }

    fn join_when_idle(&mut self, r: usize, run: &mut Run) {
        if run.member.is_idle() {
            self.join(r, run);
        } else {
            run.member.has_to_rejoin = true;
        }
    }

    /// The join has completed.
    pub(crate) fn on_joined(&mut self, run: &mut Run, joined: Joined) {
        let member = &mut run.member;
        if !member.is_joining || member.id.is_some_and(|id| id != joined.member) {
            return;
        }
        member.id = Some(joined.member);
        member.is_joining = false;
        member.generation = joined.generation;
        member.heard_at = self.now;
        let token = member.token();
        let revoked: Vec<i32> = member
            .owned
            .difference(&joined.partitions)
            .copied()
            .collect();
        let added: Vec<i32> = joined
            .partitions
            .difference(&member.owned)
            .copied()
            .collect();
        member.rebalances.push_back(if revoked.is_empty() {
            Rebalance::Assigned {
                partitions: added,
                token,
            }
        } else {
            Rebalance::Revoked {
                partitions: revoked,
                then: added,
                token,
            }
        });
    }

    /// The core took partitions over.
    pub(crate) fn assigned(&mut self, r: usize, run: &mut Run, partitions: &[i32]) {
        run.member.owned.extend(partitions);
        if matches!(run.member.unanswered, Some(Rebalance::Assigned { .. })) {
            run.member.unanswered = None;
            self.go_on(r, run);
        }
    }

    /// The core gave partitions up.
    pub(crate) fn unassigned(&mut self, r: usize, run: &mut Run, partitions: &[i32]) {
        let member = &mut run.member;
        member
            .owned
            .retain(|partition| !partitions.contains(partition));
        match member.unanswered.take() {
            Some(Rebalance::Revoked { then, token, .. }) => {
                member.has_to_rejoin = true;
                if !then.is_empty() && member.id.is_some() {
                    member.rebalances.push_back(Rebalance::Assigned {
                        partitions: then,
                        token,
                    });
                }
                self.go_on(r, run);
            }
            Some(Rebalance::Lost(_)) => {
                member.has_to_rejoin = true;
                self.go_on(r, run);
            }
            other => member.unanswered = other,
        }
    }

    fn go_on(&mut self, r: usize, run: &mut Run) {
        let member = &mut run.member;
        if !member.has_to_rejoin || !member.is_idle() {
            return;
        }
        if member.id.is_none() && !member.owned.is_empty() {
            let owned = member.owned.iter().copied().collect();
            member.rebalances.push_back(Rebalance::Lost(owned));
        } else if !member.is_joining {
            self.join(r, run);
        }
    }
}
