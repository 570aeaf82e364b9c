//! Passwords and tokens of clients, read or fetched on one thread. Each client gets them before its
//! first request, and again whenever they change.
//!
//! The crate does not rely on rdkafka's callback for token refresh: it reaches neither admin
//! clients, nor transactional producers before their first poll, nor readers.

mod credential;
mod live;
mod source;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use secrecy::SecretString;
use stackone_link_kafka_auth::{FETCH_TIMEOUT, MOST_OFTEN};
use stackone_link_process::spawn::spawn_thread;
use stackone_link_process::watch::{Notice, Notices};

use crate::{Security, failures, tasks};
use credential::Credential;
use live::Registered;
pub use live::{Live, TakesCredentials};
pub(crate) use source::read_password;
use source::{Found, Source};

/// How long a client waits for the first token before it is made without one.
const FIRST: Duration = FETCH_TIMEOUT.saturating_add(Duration::from_secs(1));

/// The credentials of this process. There are few, and none is forgotten: a token outlives the
/// clients that use it, and an outage of the identity provider.
static KNOWN: Mutex<Vec<(Security, Arc<Credentials>)>> = Mutex::new(Vec::new());

/// The last credential that was read or fetched, and the clients that have it.
pub(crate) struct Credentials {
    security: Security,
    state: Mutex<State>,
    first: Condvar,
    was_refused: AtomicBool,
}

#[derive(Default)]
struct State {
    current: Option<Credential>,
    /// Why the last attempt brought no credential.
    problem: Option<String>,
    /// Why a broker may refuse the current credential.
    doubt: Option<String>,
    has_looked: bool,
    clients: Vec<Weak<dyn Registered>>,
    notices: Notices<&'static str>,
}

/// Returns the credentials for these settings, and keeps them up to date from now on; `None` where
/// clients show brokers none. Where the system has no thread left for that, the next call tries
/// again.
pub(crate) fn of(security: &Security) -> Option<Arc<Credentials>> {
    let mut source = Source::of(security)?;
    let mut all = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, known)) = all.iter().find(|(of, _)| of == security) {
        return Some(Arc::clone(known));
    }
    let credentials = Arc::new(Credentials::new(security));
    let kept = Arc::clone(&credentials);
    let keep = move || {
        loop {
            // Where a panic does not end the process, one would end this loop, and the last token
            // would expire.
            let looked = catch_unwind(AssertUnwindSafe(|| kept.look(&mut source)));
            if looked.is_err() {
                kept.looked(Err("looking for it panicked; see the log".to_owned()));
            }
            thread::sleep(MOST_OFTEN);
        }
    };
    match spawn_thread(tasks::CREDENTIALS, keep) {
        Ok(_never_ends) => all.push((security.clone(), Arc::clone(&credentials))),
        Err(error) => credentials.looked(Err(format!("no thread to read them: {error}"))),
    }
    Some(credentials)
}

/// Returns the credentials for these settings, if a client was made with them before.
pub(crate) fn known(security: &Security) -> Option<Arc<Credentials>> {
    let all = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let found = all.iter().find(|(of, _)| of == security);
    found.map(|(_, known)| Arc::clone(known))
}

/// Gives a client these credentials, now and whenever they change; nothing where there are none.
pub(crate) fn supply<T: TakesCredentials>(client: T, credentials: Option<&Credentials>) -> Live<T> {
    let Some(credentials) = credentials else {
        return Live::alone(client);
    };
    let (live, entry) = Live::with_entry(client);
    credentials.register(&entry);
    live
}

impl Credentials {
    fn new(security: &Security) -> Self {
        Self {
            security: security.clone(),
            state: Mutex::default(),
            first: Condvar::new(),
            was_refused: AtomicBool::new(false),
        }
    }

    /// Waits until the first attempt has ended, for up to [`FIRST`].
    pub(crate) fn wait_for_first(&self) {
        let state = self.state();
        let waited = self
            .first
            .wait_timeout_while(state, FIRST, |state| !state.has_looked);
        drop(waited);
    }

    /// Takes over what the source has, if it is due.
    fn look(&self, source: &mut Source) {
        let was_refused = self.was_refused.swap(false, Ordering::Relaxed);
        if let Some(found) = source.look(was_refused) {
            self.looked(found);
        }
    }

    /// Gives a client the current credential, and later ones.
    fn register(&self, client: &Arc<dyn Registered>) {
        let mut state = self.state();
        if let Some(current) = &state.current {
            client.give(current, &self.security);
        }
        state.clients.retain(|client| client.strong_count() > 0);
        state.clients.push(Arc::downgrade(client));
    }

    /// Takes over the result of an attempt.
    fn looked(&self, found: Found) {
        let mut state = self.state();
        let state = &mut *state;
        state.has_looked = true;
        self.first.notify_all();
        match found {
            Ok((credential, doubt)) => {
                (state.problem, state.doubt) = (None, doubt);
                if !credential.is_same(state.current.as_ref()) {
                    let known = |client: &Weak<dyn Registered>| client.upgrade();
                    for client in state.clients.iter().filter_map(known) {
                        client.give(&credential, &self.security);
                    }
                    state.current = Some(credential);
                    let clients = state.clients.len();
                    tracing::info!(clients, "a new password or token of Kafka is in use");
                }
            }
            Err(problem) => {
                failures::failed();
                state.problem = Some(problem);
            }
        }
        let unusable = state.problem.clone().map(Notice::Unusable);
        let notice = unusable.or_else(|| state.doubt.clone().map(Notice::Odd));
        let notices = notice.into_iter().map(|notice| ("kafka.security", notice));
        state.notices.log_changes(notices.collect());
    }

    /// Says why no credential can be used now; `None` where one can.
    pub(crate) fn problem(&self) -> Option<String> {
        let state = self.state();
        let is_good = state.current.as_ref().is_some_and(Credential::is_good);
        let unknown = || "there is no token yet".to_owned();
        (!is_good).then(|| state.problem.clone().unwrap_or_else(unknown))
    }

    /// Says why brokers may refuse the current credential.
    pub(crate) fn doubt(&self) -> Option<String> {
        self.state().doubt.clone()
    }

    /// Returns the last password that was read.
    pub(crate) fn password(&self) -> Option<SecretString> {
        match self.state().current.as_ref()? {
            Credential::Password(password) => Some(password.clone()),
            Credential::Token(_) => None,
        }
    }

    /// Notes that a broker has refused the credential, so that the next is fetched sooner.
    pub(crate) fn are_refused(&self) {
        self.was_refused.store(true, Ordering::Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
