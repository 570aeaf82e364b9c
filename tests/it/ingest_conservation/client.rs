//! StackOne as the oracle: it posts, retries what is not 200 with the same bytes, and remembers
//! what it got a 200 for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use stackone_simulator::{describe, webhook_client, webhook_request};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};
use url::Url;
use uuid::Uuid;

use super::webhook::Webhook;

/// Connections that post at once.
const CONNECTIONS: usize = 12;
/// Longer than ingest may take for an answer of any kind.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// Longer than any outage here.
const ACCEPTED_WITHIN: Duration = Duration::from_secs(180);

/// Between an answer that is not 200 and the retry; StackOne takes longer.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// What happened so far.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) accepted: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) unanswered: AtomicU64,
    /// The longest that an answer of any kind took, in microseconds.
    pub(crate) longest: AtomicU64,
    /// The same without the time for which this process stood still meanwhile.
    pub(crate) longest_awake: AtomicU64,
    /// Microseconds for which this process stood still so far, where somebody watches that.
    pub(crate) stood_still: AtomicU64,
    /// How many webhooks each connection has delivered.
    pub(crate) delivered: [AtomicU64; CONNECTIONS],
}

/// Clients that are posting.
pub(crate) struct Clients {
    pub(crate) tally: Arc<Tally>,
    remembered: Arc<Mutex<HashMap<u64, Uuid>>>,
    stop: Arc<AtomicBool>,
    tasks: JoinSet<u64>,
}

/// What the clients know when they are done.
pub(crate) struct Remembered {
    /// By number, each webhook that was answered 200, with the id of the answer.
    pub(crate) accepted: HashMap<u64, Uuid>,
    /// All that were posted, accepted or not, have a number below this.
    pub(crate) offered: u64,
}

impl Clients {
    /// Starts posting to whatever `url` is at the time; each connection a webhook in `pace`, or as
    /// fast as it is answered.
    pub(crate) fn start(seed: u64, url: &watch::Receiver<Url>, pace: Duration) -> Self {
        let mut clients = Self {
            tally: Arc::default(),
            remembered: Arc::default(),
            stop: Arc::default(),
            tasks: JoinSet::new(),
        };
        for lane in 0..CONNECTIONS {
            let (tally, remembered) = (clients.tally.clone(), clients.remembered.clone());
            let (url, stop) = (url.clone(), clients.stop.clone());
            clients.tasks.spawn(async move {
                let mut number = u64::try_from(lane).unwrap();
                // Each has a connection of its own.
                let poster = Poster::new(url, tally.clone());
                let mut paces = interval(pace);
                paces.set_missed_tick_behavior(MissedTickBehavior::Delay);
                while !stop.load(Relaxed) {
                    paces.tick().await;
                    let id = poster.deliver(&Webhook::of(seed, number)).await;
                    remembered.lock().unwrap().insert(number, id);
                    tally.delivered[lane].fetch_add(1, Relaxed);
                    number += u64::try_from(CONNECTIONS).unwrap();
                }
                number
            });
        }
        clients
    }

    /// Lets each client get the 200 it is waiting for, and ends.
    pub(crate) async fn finish(self) -> Remembered {
        self.stop.store(true, Relaxed);
        let numbers = self.tasks.join_all().await;
        Remembered {
            accepted: std::mem::take(&mut self.remembered.lock().unwrap()),
            offered: numbers.into_iter().max().unwrap(),
        }
    }
}

/// One that posts over a connection of its own.
pub(crate) struct Poster {
    client: reqwest::Client,
    url: watch::Receiver<Url>,
    tally: Arc<Tally>,
}

impl Poster {
    pub(crate) fn new(url: watch::Receiver<Url>, tally: Arc<Tally>) -> Self {
        let client = webhook_client(ANSWER_WITHIN).unwrap();
        Self { client, url, tally }
    }

    /// Posts until it is accepted, and gives the id that the answer names.
    pub(crate) async fn deliver(&self, webhook: &Webhook) -> Uuid {
        let posting = async {
            let mut pauses = interval(RETRY_PAUSE);
            loop {
                pauses.tick().await;
                if let Ok(id) = self.post(webhook).await {
                    break id;
                }
            }
        };
        timeout(ACCEPTED_WITHIN, posting).await.unwrap()
    }

    async fn post(&self, webhook: &Webhook) -> Result<Uuid, String> {
        let url = self.url.borrow().clone();
        let request = webhook_request(&self.client, &url, webhook.signed());
        let unanswered = |error| {
            self.tally.unanswered.fetch_add(1, Relaxed);
            describe(error)
        };
        let stood_still = || self.tally.stood_still.load(Relaxed);
        let (began, before) = (Instant::now(), stood_still());
        let answer = request.send().await.map_err(unanswered)?;
        let took = u64::try_from(began.elapsed().as_micros()).unwrap();
        let awake = took.saturating_sub(stood_still() - before);
        self.tally.longest.fetch_max(took, Relaxed);
        self.tally.longest_awake.fetch_max(awake, Relaxed);
        match answer.status().as_u16() {
            200 => {
                self.tally.accepted.fetch_add(1, Relaxed);
                // The status is the promise; the rest of the answer may be cut off by a kill.
                let body = answer.bytes().await.map_err(describe);
                Ok(body.map_or(Uuid::nil(), |body| id_of(&body)))
            }
            other => {
                assert_eq!(other, 503, "an authentic webhook is accepted or put off");
                self.tally.refused.fetch_add(1, Relaxed);
                Err("503".to_owned())
            }
        }
    }
}

fn id_of(answer: &[u8]) -> Uuid {
    let answer: Value = serde_json::from_slice(answer).unwrap();
    answer["id"].as_str().unwrap().parse().unwrap()
}
