//! The group coordinator: members, generations, cooperative rebalances, committed offsets.

use std::collections::{BTreeMap, BTreeSet};

use crate::time::{MINUTE, Micros, SECOND};

/// A member, by the number that the coordinator gave it.
pub type MemberId = u64;

/// How long a member may be silent.
pub const SESSION: Micros = 10 * SECOND;
/// How long the group waits for members to join again: `max.poll.interval.ms`.
const REBALANCE: Micros = 5 * MINUTE;
/// How long an empty group waits for more members.
const INITIAL: Micros = 3 * SECOND;

/// Why a member's request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The coordinator does not know it: its session ended, or it left.
    UnknownMember,
    /// The group has another generation.
    IllegalGeneration,
    /// The group rebalances: join again.
    Rebalancing,
}

/// What a member is told when a join has completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Who.
    pub member: MemberId,
    /// The group's generation.
    pub generation: u64,
    /// The partitions it has from now on.
    pub partitions: BTreeSet<i32>,
}

#[derive(Debug)]
struct Member {
    owned: BTreeSet<i32>,
    has_joined: bool,
    heard_at: Micros,
}

/// The group.
#[derive(Debug, Default)]
pub struct Group {
    members: BTreeMap<MemberId, Member>,
    next_member: MemberId,
    generation: u64,
    /// Until when members may join again, while the group rebalances.
    joining_until: Option<Micros>,
    /// Before then a join does not complete: the group was empty.
    not_before: Micros,
}

impl Group {
    /// A member joins, or joins again with what it owns.
    pub fn join(
        &mut self,
        id: Option<MemberId>,
        owned: BTreeSet<i32>,
        now: Micros,
    ) -> Result<MemberId, Refused> {
        let id = match id {
            Some(id) if !self.members.contains_key(&id) => return Err(Refused::UnknownMember),
            Some(id) => id,
            None => {
                self.next_member += 1;
                self.next_member
            }
        };
        if self.members.is_empty() {
            self.not_before = now + INITIAL;
        }
        self.begin_rebalance(now);
        let member = Member {
            owned,
            has_joined: true,
            heard_at: now,
        };
        self.members.insert(id, member);
        Ok(id)
    }

    /// Whether the member is one of the group.
    #[must_use]
    pub fn knows(&self, id: MemberId) -> bool {
        self.members.contains_key(&id)
    }

    fn begin_rebalance(&mut self, now: Micros) {
        if self.joining_until.is_none() {
            self.joining_until = Some(now + REBALANCE);
            for member in self.members.values_mut() {
                member.has_joined = false;
            }
        }
    }

    /// A member shows that it lives.
    pub fn heartbeat(&mut self, id: MemberId, generation: u64, now: Micros) -> Result<(), Refused> {
        let is_joining = self.joining_until.is_some();
        let member = self.members.get_mut(&id).ok_or(Refused::UnknownMember)?;
        if generation != self.generation {
            return Err(Refused::IllegalGeneration);
        }
        member.heard_at = now;
        if is_joining {
            Err(Refused::Rebalancing)
        } else {
            Ok(())
        }
    }

    /// A member leaves.
    pub fn leave(&mut self, id: MemberId, now: Micros) {
        if self.members.remove(&id).is_some() && !self.members.is_empty() {
            self.begin_rebalance(now);
        }
    }

    /// Whether offsets may be committed: member and generation are checked, never ownership.
    pub fn check(&self, id: MemberId, generation: u64) -> Result<(), Refused> {
        if !self.members.contains_key(&id) {
            return Err(Refused::UnknownMember);
        }
        if generation == self.generation {
            Ok(())
        } else {
            Err(Refused::IllegalGeneration)
        }
    }

    /// The coordinator was away: it gives every member a new session.
    pub fn reload(&mut self, now: Micros) {
        for member in self.members.values_mut() {
            member.heard_at = now;
        }
    }

    /// When something of the group is due.
    #[must_use]
    pub fn is_stable(&self) -> bool {
        self.joining_until.is_none()
    }

    /// How many members there are.
    #[must_use]
    pub fn member_count(&self) -> usize {
        self.members.len()
    }

    /// Removes who was silent, and completes a join that everybody took part in or nobody is waited
    /// for any more.
    pub fn advance(&mut self, partitions: i32, now: Micros) -> Vec<Joined> {
        let is_joining = self.joining_until.is_some();
        let before = self.members.len();
        self.members.retain(|_, member| {
            (is_joining && member.has_joined) || now < member.heard_at + SESSION
        });
        if self.members.len() < before && !self.members.is_empty() {
            self.begin_rebalance(now);
        }
        let Some(until) = self.joining_until else {
            return Vec::new();
        };
        let is_over = now >= until;
        let have_all_joined = self.members.values().all(|member| member.has_joined);
        if now < self.not_before || !(have_all_joined || is_over) {
            return Vec::new();
        }
        self.members.retain(|_, member| member.has_joined);
        self.joining_until = None;
        self.generation += 1;
        for member in self.members.values_mut() {
            member.heard_at = now;
        }
        self.assign(partitions)
    }

    /// Sticky and cooperative: as balanced as may be, and what another member still owns is
    /// withheld until it gave it up.
    fn assign(&mut self, partitions: i32) -> Vec<Joined> {
        let mut targets: BTreeMap<MemberId, BTreeSet<i32>> = self
            .members
            .keys()
            .map(|id| (*id, BTreeSet::new()))
            .collect();
        let count = i32::try_from(targets.len().max(1)).unwrap_or(1);
        let least = usize::try_from(partitions / count).unwrap_or(0);
        let mut larger = usize::try_from(partitions % count).unwrap_or(0);
        let mut taken = BTreeSet::new();
        for (id, member) in &self.members {
            let Some(target) = targets.get_mut(id) else {
                continue;
            };
            let mut room = least;
            if member.owned.len() > least && larger > 0 {
                larger -= 1;
                room += 1;
            }
            for partition in member.owned.iter().take(room) {
                if taken.insert(*partition) {
                    target.insert(*partition);
                }
            }
        }
        for partition in (0..partitions).filter(|partition| !taken.contains(partition)) {
            let smallest = targets
                .iter_mut()
                .min_by_key(|(id, target)| (target.len(), **id));
            if let Some((_, target)) = smallest {
                target.insert(partition);
            }
        }
        let members = &self.members;
        let owner = |partition: i32, other: MemberId| {
            members
                .iter()
                .any(|(id, member)| *id != other && member.owned.contains(&partition))
        };
        let generation = self.generation;
        let joined = targets.into_iter().map(|(member, target)| {
            let partitions = target
                .into_iter()
                .filter(|partition| !owner(*partition, member))
                .collect();
            Joined {
                member,
                generation,
                partitions,
            }
        });
        joined.collect()
    }
}
