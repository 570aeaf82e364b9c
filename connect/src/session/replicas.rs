//! Replicas that read one log, each at its own pace, and write what they see to it.

use proptest::prelude::*;
use stackone_link_schemas::{AccountPhase, LinkOutcome, LinkSessionChange, TokenMinted};
use uuid::Uuid;

use super::testing::{account, at, created};
use super::*;
use crate::account::Account;

const SESSIONS: u128 = 2;

/// What is on the topics.
struct Log {
    facts: Vec<(u128, LinkSessionChange)>,
    states: Vec<Account>,
}

/// How far a replica has read, and what it makes of that.
#[derive(Debug, Default)]
struct Replica {
    tenant: TenantState,
    facts: usize,
    states: usize,
}

/// What happens, at which replica.
#[derive(Debug, Clone, Copy)]
enum Step {
    ReadFact(usize),
    ReadState(usize),
    Settle(usize),
    Cancel(usize, u128),
    Mint(usize, u128),
    /// The processor confirms the account.
    Confirm(AccountPhase),
}

impl Replica {
    fn read_fact(&mut self, log: &Log) {
        if let Some((session, change)) = log.facts.get(self.facts) {
            // Their places are the broker's time.
            let seconds = i64::try_from(self.facts).unwrap();
            self.tenant.fact(*session, change.clone(), seconds);
            self.facts += 1;
        }
    }

    fn read_state(&mut self, log: &Log) {
        if let Some(account) = log.states.get(self.states) {
            self.tenant.put_account(account.clone());
            self.states += 1;
        }
    }

    fn read_all(&mut self, log: &Log) {
        log.states.iter().for_each(|_| self.read_state(log));
        log.facts.iter().for_each(|_| self.read_fact(log));
    }

    fn settle(&self, log: &mut Log) {
        for session in self.tenant.sessions() {
            let now = at(i64::try_from(log.facts.len()).unwrap());
            let standing = self.tenant.state(session, &Seen::default(), now).1;
            if let (false, Standing::Settled(settled)) = (session.is_over(now), standing) {
                let change = LinkSessionChange::Settled(settled);
                log.facts.push((session.id.as_u128(), change));
            }
        }
    }

    fn state(&self, session: u128) -> SessionState {
        let session = self.tenant.session(Uuid::from_u128(session)).unwrap();
        let now = at(i64::try_from(self.facts).unwrap());
        self.tenant.state(session, &Seen::default(), now).0
    }
}

fn begin() -> Log {
    let facts = (0..SESSIONS).flat_map(|session| {
        let new = LinkSessionChange::Created(Box::new(created(None)));
        [
            (session, new),
            (
                session,
                LinkSessionChange::TokenMinted(TokenMinted::default()),
            ),
        ]
    });
    Log {
        facts: facts.collect(),
        states: Vec::new(),
    }
}

fn take(step: Step, log: &mut Log, replicas: &mut [Replica; 2]) {
    match step {
        Step::ReadFact(at) => replicas[at].read_fact(log),
        Step::ReadState(at) => replicas[at].read_state(log),
        Step::Settle(at) => replicas[at].settle(log),
        Step::Cancel(at, session) => {
            if !replicas[at].state(session).is_final() {
                log.facts.push((session, LinkSessionChange::Cancelled));
            }
        }
        Step::Mint(at, session) => {
            let tenant = &replicas[at].tenant;
            let minted = tenant.session(Uuid::from_u128(session)).unwrap();
            let minted = tenant.versions(minted);
            let minted = LinkSessionChange::TokenMinted(minted);
            log.facts.push((session, minted));
        }
        Step::Confirm(phase) => {
            let version = log.states.len() as u64 + 1;
            log.states.push(account("a", version, phase));
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let at = || 0..2_usize;
    let phase = prop_oneof![Just(AccountPhase::Active), Just(AccountPhase::Degraded)];
    prop_oneof![
        4 => at().prop_map(Step::ReadFact),
        3 => at().prop_map(Step::ReadState),
        3 => at().prop_map(Step::Settle),
        1 => (at(), 0..SESSIONS).prop_map(|(at, session)| Step::Cancel(at, session)),
        1 => (at(), 0..SESSIONS).prop_map(|(at, session)| Step::Mint(at, session)),
        2 => phase.prop_map(Step::Confirm),
    ]
}

/// What the first fact that ends a session makes of it. An account verifies one session of those
/// that are open together.
fn first_end(log: &Log, session: u128) -> Option<SessionState> {
    let verifies = |change: &LinkSessionChange| matches!(change, LinkSessionChange::Settled(settled) if settled.outcome == LinkOutcome::Verified);
    let of_it = log.facts.iter().filter(|(of, _)| *of == session);
    let mut ends = of_it.map(|(_, change)| change);
    let end = ends.find(|change| **change == LinkSessionChange::Cancelled || verifies(change))?;
    Some(match verifies(end) {
        true => SessionState::Verified,
        false => SessionState::Cancelled,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_session_cancelled_and_settled_at_once_ends_alike_on_all_replicas_and_after_a_restart(
        steps in proptest::collection::vec(step(), 0..30)
    ) {
        let mut log = begin();
        let mut replicas = [Replica::default(), Replica::default()];
        for replica in &mut replicas {
            replica.read_all(&log);
        }
        for step in steps {
            let before = replicas.each_ref().map(|one| [0, 1].map(|session| one.state(session)));
            take(step, &mut log, &mut replicas);
            for (before, replica) in before.iter().zip(&replicas) {
                for (session, before) in (0..).zip(before) {
                    let is_kept = !before.is_final() || replica.state(session) == *before;
                    prop_assert!(is_kept, "{step:?} takes {before:?} back");
                }
            }
        }
        let mut again = Replica::default();
        again.read_all(&log);
        for replica in &mut replicas {
            replica.read_all(&log);
            prop_assert_eq!(replica.tenant.sessions(), again.tenant.sessions());
        }
        for session in 0..SESSIONS {
            let is = again.state(session);
            match first_end(&log, session) {
                // It may be the second that one account verifies, which does not count.
                Some(SessionState::Verified) if is != SessionState::Verified => {
                    prop_assert_eq!(again.state(1 - session), SessionState::Verified);
                }
                Some(end) => prop_assert_eq!(is, end),
                None => prop_assert!(!is.is_final(), "{is:?}"),
            }
        }
    }
}
