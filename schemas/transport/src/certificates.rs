//! Certificate, key and CA of clients, read again once a second on one thread.
//!
//! A client of librdkafka keeps those that it was made with. So a [`Renewal`] tells the owner of a
//! long-lived client when to make another. Files that cannot be used leave the last good ones in
//! force.

mod files;
mod renewal;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rdkafka::ClientConfig;
use stackone_link_process::spawn::spawn_thread;
use stackone_link_process::watch::{Notice, Notices};

use crate::{failures, tasks};
pub(crate) use files::Files;
use files::{Pem, Unusable};
pub use renewal::{Renewal, clients_are_renewed, register_client_renewals};

/// How often the files are read again.
const EVERY: Duration = Duration::from_secs(1);

/// The certificates of this process. There are few, and none is forgotten: a client that is made
/// later gets the last good ones.
static KNOWN: Mutex<Vec<Arc<Certificates>>> = Mutex::new(Vec::new());

/// The contents that the files had when they could last be used.
pub(crate) struct Certificates {
    files: Files,
    current: Mutex<Option<Pem>>,
    /// Counts how often the contents were replaced by others.
    renewals: AtomicU64,
}

/// Returns the certificates in these files, and keeps them up to date from now on; `None` where no
/// file is set. Where the system has no thread left for that, the next call tries again.
pub(crate) fn of(files: Files) -> Option<Arc<Certificates>> {
    if !files.is_any() {
        return None;
    }
    let mut all = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = all.iter().find(|known| known.files == files) {
        return Some(Arc::clone(known));
    }
    let certificates = Arc::new(Certificates {
        files,
        current: Mutex::default(),
        renewals: AtomicU64::new(0),
    });
    let kept = Arc::clone(&certificates);
    match spawn_thread(tasks::CERTIFICATES, move || kept.keep()) {
        Ok(_never_ends) => all.push(Arc::clone(&certificates)),
        Err(error) => tracing::error!(%error, "no thread to read Kafka's certificates again"),
    }
    Some(certificates)
}

impl Certificates {
    fn keep(&self) {
        let mut notices = Notices::default();
        loop {
            thread::sleep(EVERY);
            // Where a panic does not end the process, one would end this loop, and later rotations
            // would be missed.
            let looked = catch_unwind(AssertUnwindSafe(|| {
                self.look().map_err(|why| why.to_string())
            }));
            let looked = looked.unwrap_or_else(|_logged| Err("reading it panicked".to_owned()));
            let problem = looked.err().inspect(|_| failures::failed());
            let notice = problem.map(|why| ("kafka.security", Notice::Unusable(why)));
            notices.log_changes(notice.into_iter().collect());
        }
    }

    /// Takes over the contents of the files, if they can be used.
    fn look(&self) -> Result<(), Unusable> {
        let read = self.files.read()?;
        let mut current = self.current();
        if current.as_ref().is_some_and(|known| known.is_same(&read)) {
            return Ok(());
        }
        read.try_out()?;
        if current.replace(read).is_some() {
            self.renewals.fetch_add(1, Ordering::Release);
            tracing::info!("certificate, key or CA of Kafka have changed");
        }
        Ok(())
    }

    /// Gives a client that is about to be made the contents of the files, or the last that could be
    /// used.
    pub(crate) fn apply(&self, config: &mut ClientConfig) -> Result<(), Unusable> {
        let looked = self.look();
        match self.current().as_ref() {
            Some(pem) => pem.apply(config),
            None => looked?,
        }
        Ok(())
    }

    fn renewals(&self) -> u64 {
        self.renewals.load(Ordering::Acquire)
    }

    fn current(&self) -> MutexGuard<'_, Option<Pem>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[cfg(feature = "kafka-tls")]
mod tests;
