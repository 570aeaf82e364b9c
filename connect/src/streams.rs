//! Event streams (server-sent events): each event is the whole session, now and after each change.
//! A slow reader gets only the newest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use jiff::Timestamp;
use prometheus::IntGauge;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::config::LimitSettings;
use crate::subscribers::Subscription;
use crate::tenant::TenantKey;

/// The longest silence of a stream; a comment line ends it.
const PING: Duration = Duration::from_secs(15);

/// The open streams.
pub(crate) struct Streams {
    limits: LimitSettings,
    open: Mutex<Open>,
    gauge: IntGauge,
    /// Cancelled when streams are to end; each then ends at a random time within `spread`.
    ending: CancellationToken,
    spread: Duration,
}

#[derive(Default)]
struct Open {
    all: usize,
    sessions: HashMap<Uuid, usize>,
    tenants: HashMap<TenantKey, usize>,
}

/// Counts an open stream until it is dropped.
pub(crate) struct Counted {
    streams: Arc<Streams>,
    session: Uuid,
    tenant: TenantKey,
    /// Within which time it ends when streams are to end.
    spread: Duration,
}

/// The present event of a stream, and how long it holds.
pub(crate) struct Now {
    pub(crate) json: String,
    pub(crate) is_final: bool,
    /// For a failed session, when its page had said what the failure answers: one that has tried
    /// again is told of the same failure again.
    pub(crate) tried_at: Option<Timestamp>,
    /// The time at which the event changes although nothing happens.
    pub(crate) until: Option<Timestamp>,
}

impl Streams {
    pub(crate) fn new(limits: LimitSettings, gauge: IntGauge, spread: Duration) -> Self {
        Self {
            limits,
            open: Mutex::default(),
            gauge,
            ending: CancellationToken::new(),
            spread,
        }
    }

    /// Counts one more stream; `None` where a limit is reached.
    pub(crate) fn open(self: &Arc<Self>, session: Uuid, tenant: &TenantKey) -> Option<Counted> {
        let mut open = self.lock();
        let of_session = open.sessions.get(&session).copied().unwrap_or(0);
        let of_tenant = open.tenants.get(tenant).copied().unwrap_or(0);
        let limits = &self.limits;
        let is_full = open.all >= limits.streams
            || of_session >= limits.streams_per_session
            || of_tenant >= limits.streams_per_tenant;
        if is_full {
            return None;
        }
        // One that begins when streams are to end tells its page where the session stands, and that
        // there is another replica.
        let spread = match self.ending.is_cancelled() {
            true => Duration::ZERO,
            false => self.spread,
        };
        open.all += 1;
        open.sessions.insert(session, of_session + 1);
        open.tenants.insert(tenant.clone(), of_tenant + 1);
        self.gauge.inc();
        Some(Counted {
            streams: Arc::clone(self),
            session,
            tenant: tenant.clone(),
            spread,
        })
    }

    /// Ends all streams, each at a random time within `spread`.
    pub(crate) fn end(&self) {
        self.ending.cancel();
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.streams.lock();
        open.all -= 1;
        less(&mut open.sessions, &self.session);
        less(&mut open.tenants, &self.tenant);
        self.streams.gauge.dec();
    }
}

fn less<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

struct Following<F> {
    counted: Counted,
    changes: Subscription<Uuid>,
    now: F,
    said: Option<(String, Option<Timestamp>)>,
    /// The time at which the caller's authorization ends.
    ends_at: Option<Timestamp>,
    is_over: bool,
}

/// Makes the stream of a session. `now` returns its present event; `None` ends the stream.
pub(crate) fn events<F>(
    counted: Counted,
    changes: Subscription<Uuid>,
    now: F,
    ends_at: Option<Timestamp>,
) -> impl Stream<Item = Result<Bytes, actix_web::Error>> + use<F>
where
    F: Fn() -> Option<Now>,
{
    let following = Following {
        counted,
        changes,
        now,
        said: None,
        ends_at,
        is_over: false,
    };
    unfold(following, async |mut following| {
        let text = following.next().await?;
        Some((Ok(Bytes::from(text)), following))
    })
}

impl<F: Fn() -> Option<Now>> Following<F> {
    /// Returns the next text of the stream; `None` at its end.
    async fn next(&mut self) -> Option<String> {
        loop {
            let is_known = !self.is_over;
            let now = is_known.then(|| (self.now)()).flatten()?;
            let says = (now.json, now.tried_at);
            if self.said.as_ref() != Some(&says) {
                self.is_over = now.is_final;
                let event = format!("event: session\ndata: {}\n\n", says.0);
                self.said = Some(says);
                return Some(event);
            }
            if self.ends_at.is_some_and(|at| Timestamp::now() >= at) {
                return None;
            }
            let ending = self.counted.streams.ending.clone();
            let wait = self.patience(now.until);
            tokio::select! {
                changed = timeout(wait, self.changes.changed()) => match changed {
                    Ok(Ok(())) => {}
                    Ok(Err(_gone)) => return None,
                    Err(_elapsed) if wait < PING => {}
                    Err(_elapsed) => return Some(": ping\n\n".to_owned()),
                },
                () = ending.cancelled() => {
                    sleep(self.counted.spread.mul_f64(fastrand::f64())).await;
                    return None;
                }
            }
        }
    }

    /// Returns how long the stream may wait: until the next ping, or until time changes its event
    /// or ends it.
    fn patience(&self, until: Option<Timestamp>) -> Duration {
        let now = Timestamp::now();
        // A failed session stays so after its time: that changes its event no more.
        let until = until.filter(|until| *until > now);
        let times = [until, self.ends_at].into_iter().flatten();
        let waits = times.map(|at| Duration::try_from(at.duration_since(now)).unwrap_or_default());
        let soonest = waits.map(|wait| wait + Duration::from_millis(1)).min();
        soonest.map_or(PING, |wait| wait.min(PING))
    }
}

#[cfg(test)]
mod tests;
