//! Passwords and tokens of clients that live: read or fetched on one thread, given to each client before
//! its first request and again whenever they change.
//!
//! Nothing rests on rdkafka's refresh event: it reaches neither admin clients, nor transactional
//! producers before their first poll, nor readers.

mod live;
mod source;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret as _, SecretString};
use stackone_link_kafka_auth::{FETCH_TIMEOUT, MOST_OFTEN, Token};
use stackone_link_process::spawn::spawn_thread;
use stackone_link_process::watch::{Notice, Notices};

use crate::{Security, failures, tasks};
use live::Registered;
pub use live::{Live, TakesCredentials};
use source::Source;

/// How long a client waits for the first token before it is made without one.
const FIRST: Duration = FETCH_TIMEOUT.saturating_add(Duration::from_secs(1));

/// The credentials of this process. Few, and never forgotten: a token outlives the clients that use it,
/// and an outage of who gives it.
static KNOWN: Mutex<Vec<(Security, Arc<Credentials>)>> = Mutex::new(Vec::new());

/// What brokers are shown.
enum Credential {
    Token(Token),
    Password(SecretString),
}

/// What was last read or fetched, and who has it.
pub(crate) struct Credentials {
    security: Security,
    state: Mutex<State>,
    first: Condvar,
    was_refused: AtomicBool,
}

#[derive(Default)]
struct State {
    current: Option<Credential>,
    /// Why the last attempt brought none.
    problem: Option<String>,
    /// Why a broker may refuse the current one.
    doubt: Option<String>,
    has_looked: bool,
    clients: Vec<Weak<dyn Registered>>,
    notices: Notices<&'static str>,
}

/// Those of these settings, kept up to date from now on; nothing where brokers are shown none. Where the
/// system has no thread left, whoever asks next tries again.
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
            // Where a panic does not end the process, nobody waits for this thread, and tokens end.
            let looked = catch_unwind(AssertUnwindSafe(|| source.look(&kept)));
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

/// Those of these settings, where a client was made with them.
pub(crate) fn known(security: &Security) -> Option<Arc<Credentials>> {
    let all = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let found = all.iter().find(|(of, _)| of == security);
    found.map(|(_, known)| Arc::clone(known))
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

    /// Waits until there was a first attempt.
    pub(crate) fn wait_for_first(&self) {
        let state = self.state();
        let waited = self
            .first
            .wait_timeout_while(state, FIRST, |state| !state.has_looked);
        drop(waited);
    }

    /// Gives a client what there is, and what comes.
    fn register(&self, client: &Arc<dyn Registered>) {
        let mut state = self.state();
        if let Some(current) = &state.current {
            client.give(current, &self.security);
        }
        state.clients.retain(|client| client.strong_count() > 0);
        state.clients.push(Arc::downgrade(client));
    }

    /// Takes over what an attempt brought, and why brokers may refuse it.
    fn looked(&self, found: Result<(Credential, Option<String>), String>) {
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

    /// Why brokers cannot be shown anything now.
    pub(crate) fn problem(&self) -> Option<String> {
        let state = self.state();
        let is_good = state.current.as_ref().is_some_and(Credential::is_good);
        let unknown = || "there is no token yet".to_owned();
        (!is_good).then(|| state.problem.clone().unwrap_or_else(unknown))
    }

    /// Why brokers may refuse what they are shown.
    pub(crate) fn doubt(&self) -> Option<String> {
        self.state().doubt.clone()
    }

    /// The last password that was read.
    pub(crate) fn password(&self) -> Option<SecretString> {
        match self.state().current.as_ref()? {
            Credential::Password(password) => Some(password.clone()),
            Credential::Token(_) => None,
        }
    }

    /// A broker has refused what it was shown.
    pub(crate) fn are_refused(&self) {
        self.was_refused.store(true, Ordering::Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Credential {
    fn is_good(&self) -> bool {
        match self {
            Self::Token(token) => token.expires_at > SystemTime::now(),
            Self::Password(_) => true,
        }
    }

    fn is_same(&self, other: Option<&Self>) -> bool {
        match (self, other) {
            (Self::Token(one), Some(Self::Token(other))) => {
                one.value.expose_secret() == other.value.expose_secret()
                    && one.expires_at == other.expires_at
            }
            (Self::Password(one), Some(Self::Password(other))) => {
                one.expose_secret() == other.expose_secret()
            }
            (Self::Token(_) | Self::Password(_), _) => false,
        }
    }
}

#[cfg(test)]
mod tests;
