//! Takes the reports that nobody waits for: a request whose client has gone, or whose runtime is
//! busy, leaves its own behind, and librdkafka tells its troubles at any time.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use stackone_link_process::spawn::spawn_thread;

use super::delivery::Reported;
use crate::tasks;

/// How often reports are looked for.
const PAUSE: Duration = Duration::from_millis(100);

/// The thread that does it, until this is dropped.
pub(super) struct Leftovers {
    /// Taken when it is dropped, which ends the thread at once.
    running: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Leftovers {
    pub(super) fn of(producer: &Arc<Reported>) -> io::Result<Self> {
        let producer = Arc::clone(producer);
        let (stop, stopped) = channel();
        let take = move || {
            while stopped.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                // Where a panic does not end the process, one would end this loop.
                let take_all = AssertUnwindSafe(|| while producer.poll_reports() {});
                drop(catch_unwind(take_all));
            }
        };
        let thread = spawn_thread(tasks::REPORTS, take)?;
        Ok(Self {
            running: Some((stop, thread)),
        })
    }
}

impl Drop for Leftovers {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            drop(stop);
            // One that panicked has told so itself.
            drop(thread.join());
        }
    }
}
