//! The connect sessions that exist, and their OAuth attempts. No clock and no I/O: the time is an
//! argument.

use jiff::Timestamp;

use crate::session::{Attempt, AttemptOutcome, AttemptStatus, Session, SessionRequest};

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The sessions of all projects, oldest first.
#[derive(Debug)]
pub(crate) struct SessionStore {
    sessions: Vec<Session>,
    attempts: Vec<Attempt>,
    random: fastrand::Rng,
}

impl SessionStore {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            sessions: Vec::new(),
            attempts: Vec::new(),
            random: fastrand::Rng::with_seed(seed),
        }
    }

    pub(crate) fn create(
        &mut self,
        project_id: &str,
        asked: SessionRequest,
        now: Timestamp,
    ) -> Session {
        let (id, token) = (number_after(self.sessions.len()), self.random_text(43));
        let session = Session::new(id, project_id, asked, token, now);
        self.sessions.push(session.clone());
        session
    }

    /// The session with this token, unless it is over.
    pub(crate) fn by_token(&self, token: &str, now: Timestamp) -> Option<&Session> {
        self.sessions
            .iter()
            .find(|session| session.token == token && !session.is_over(now))
    }

    pub(crate) fn list(&self) -> impl Iterator<Item = &Session> {
        self.sessions.iter()
    }

    /// Ends a session: its token is refused from now on. False: there is none of that id.
    pub(crate) fn end(&mut self, id: u64, now: Timestamp) -> bool {
        let session = self.sessions.iter_mut().find(|session| session.id == id);
        let Some(session) = session else { return false };
        session.expires_at = session.expires_at.min(now);
        true
    }

    pub(crate) fn begin_attempt(&mut self, session_id: u64, now: Timestamp) -> Attempt {
        let attempt = Attempt {
            id: self.random_text(21),
            session_id,
            created_at: now,
            updated_at: now,
            outcome: AttemptOutcome::of(AttemptStatus::Pending),
        };
        self.attempts.push(attempt.clone());
        attempt
    }

    /// An attempt of this session.
    pub(crate) fn attempt(&self, session_id: u64, id: &str) -> Option<&Attempt> {
        self.attempts
            .iter()
            .find(|attempt| attempt.session_id == session_id && attempt.id == id)
    }

    pub(crate) fn latest_attempt(&self, session_id: u64) -> Option<&Attempt> {
        let of_session = |attempt: &&Attempt| attempt.session_id == session_id;
        self.attempts.iter().rev().find(of_session)
    }

    /// What comes of a pending attempt. False: it is another session's, or was decided.
    pub(crate) fn decide(
        &mut self,
        session_id: u64,
        id: &str,
        outcome: AttemptOutcome,
        now: Timestamp,
    ) -> bool {
        let pending = self.attempts.iter_mut().find(|attempt| {
            attempt.session_id == session_id
                && attempt.id == id
                && attempt.outcome.status == AttemptStatus::Pending
        });
        let Some(attempt) = pending else { return false };
        attempt.outcome = outcome;
        attempt.updated_at = now;
        true
    }

    fn random_text(&mut self, length: usize) -> String {
        let letter = || char::from(ALPHABET[self.random.usize(..ALPHABET.len())]);
        std::iter::repeat_with(letter).take(length).collect()
    }
}

fn number_after(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn a_token_leads_to_its_session_until_that_is_over_or_ended() {
        let mut store = SessionStore::new(1);
        let session = store.create("p", SessionRequest::default(), at(0));
        let found = |store: &SessionStore, now| store.by_token(&session.token, now).is_some();
        assert!(found(&store, at(1_799)) && !found(&store, at(1_800)));
        assert!(store.by_token("another", at(0)).is_none());
        assert!(store.end(session.id, at(5)) && !store.end(99, at(5)));
        assert!(found(&store, at(4)) && !found(&store, at(5)));
    }

    #[test]
    fn an_attempt_is_decided_once_and_by_its_own_session() {
        let mut store = SessionStore::new(1);
        let attempt = store.begin_attempt(1, at(0));
        let cancelled = || AttemptOutcome::of(AttemptStatus::Cancelled);
        assert!(!store.decide(2, &attempt.id, cancelled(), at(1)));
        assert!(store.decide(1, &attempt.id, cancelled(), at(1)));
        let late = AttemptOutcome::of(AttemptStatus::Authenticated);
        assert!(!store.decide(1, &attempt.id, late, at(2)));
        assert_eq!(store.attempt(1, &attempt.id).unwrap().updated_at, at(1));
        assert!(store.attempt(2, &attempt.id).is_none());
    }

    #[test]
    fn the_latest_attempt_of_a_session_is_its_own() {
        let mut store = SessionStore::new(1);
        store.begin_attempt(1, at(0));
        let second = store.begin_attempt(1, at(1));
        store.begin_attempt(2, at(2));
        assert_eq!(store.latest_attempt(1).unwrap().id, second.id);
        assert!(store.latest_attempt(3).is_none());
    }
}
