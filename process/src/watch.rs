//! Reads files again while the process runs, so that a change takes effect without a restart.
//! Contents that cannot be used leave the last good value in force, and are logged.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use tokio::task::JoinError;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::spawn::{Name, spawn_blocking};

/// Half of the 2 s within which a change is promised to take effect.
const EVERY: Duration = Duration::from_secs(1);

/// Something that is read again and again. It compares contents, not times: Kubernetes swaps
/// symbolic links, and clocks may be wrong.
pub trait Watched: Send + 'static {
    /// Reads once, and takes over what has changed. May block.
    fn look(&mut self);
}

/// Calls `look` every second, at first at once, until `stop`. Each call runs as a task called
/// `name`.
///
/// # Errors
///
/// Fails where `look` panicked.
pub async fn run(
    name: Name,
    mut watched: impl Watched,
    stop: CancellationToken,
) -> Result<(), JoinError> {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let looking = spawn_blocking(name, move || {
            watched.look();
            watched
        });
        watched = looking.await?;
    }
    Ok(())
}

/// A remark about something that is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// It cannot be used; this is why.
    Unusable(String),
    /// It is used although this is suspicious.
    Odd(String),
}

/// The last remark about each thing that is watched.
#[derive(Debug)]
pub struct Notices<K>(BTreeMap<K, Notice>);

impl<K> Default for Notices<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord + Display> Notices<K> {
    /// Logs each remark when it begins, changes or ends, and not in between.
    pub fn log_changes(&mut self, now: BTreeMap<K, Notice>) {
        for (what, notice) in &now {
            if self.0.get(what) != Some(notice) {
                log(what, notice);
            }
        }
        for what in self.0.keys().filter(|what| !now.contains_key(what)) {
            tracing::info!(%what, "is in order again, or no longer asked for");
        }
        self.0 = now;
    }
}

fn log(what: &impl Display, notice: &Notice) {
    match notice {
        Notice::Unusable(problem) => {
            tracing::error!(%what, problem, "cannot be read again; what was last read stays in force");
        }
        Notice::Odd(oddity) => tracing::warn!(%what, oddity, "is taken as it is"),
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tokio::time::Instant;
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    crate::tasks! { pub(super), LOOK = "a look"; }

    /// Collects what is logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(line)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Log {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn a_notice_about_a_file_is_logged_when_it_begins_changes_or_ends_and_not_in_between() {
        let (log, mut notices) = (Log::default(), Notices::default());
        let subscriber = tracing_subscriber::fmt()
            .with_writer(log.clone())
            .with_ansi(false);
        let mut said = |notice: Option<Notice>| {
            let now = notice.map(|notice| ("key", notice)).into_iter().collect();
            notices.log_changes(now);
            String::from_utf8(std::mem::take(&mut *log.0.lock().unwrap())).unwrap()
        };
        let unusable = || Some(Notice::Unusable("empty".to_owned()));
        let odd = || Some(Notice::Odd("in quotes".to_owned()));
        tracing::subscriber::with_default(subscriber.finish(), || {
            assert_eq!(said(None), "");
            let began = said(unusable());
            assert!(began.contains("ERROR") && began.contains("key") && began.contains("empty"));
            assert_eq!(said(unusable()), "");
            let changed = said(odd());
            assert!(
                changed.contains("WARN") && changed.contains("in quotes"),
                "{changed}"
            );
            assert_eq!(said(odd()), "");
            let ended = said(None);
            assert!(
                ended.contains("INFO") && ended.contains("in order again"),
                "{ended}"
            );
            assert_eq!(said(None), "");
        });
    }

    #[tokio::test(start_paused = true)]
    async fn files_are_looked_at_at_once_and_again_within_the_two_seconds_that_are_promised() {
        struct Looks {
            began: Instant,
            seen: Arc<Mutex<Vec<Duration>>>,
            stop: CancellationToken,
        }
        impl Watched for Looks {
            fn look(&mut self) {
                let mut seen = self.seen.lock().unwrap();
                seen.push(self.began.elapsed());
                if seen.len() == 4 {
                    self.stop.cancel();
                }
            }
        }
        let (seen, stop) = (Arc::default(), CancellationToken::new());
        let looks = Looks {
            began: Instant::now(),
            seen: Arc::clone(&seen),
            stop: stop.clone(),
        };
        run(LOOK, looks, stop).await.unwrap();
        let seen = seen.lock().unwrap();
        assert_eq!(seen[0], Duration::ZERO);
        let gaps = seen.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(gaps.max() < Some(Duration::from_secs(2)), "{seen:?}");
    }

    #[tokio::test]
    async fn a_watch_of_files_stops_when_told_and_its_panic_is_told() {
        struct Panics;
        impl Watched for Panics {
            fn look(&mut self) {
                panic!("on purpose");
            }
        }
        struct Stops(CancellationToken);
        impl Watched for Stops {
            fn look(&mut self) {
                self.0.cancel();
            }
        }
        let stop = CancellationToken::new();
        assert!(
            run(LOOK, Panics, stop.clone())
                .await
                .unwrap_err()
                .is_panic()
        );
        assert!(run(LOOK, Stops(stop.clone()), stop).await.is_ok());
        assert_eq!(ALL, [LOOK]);
    }
}
