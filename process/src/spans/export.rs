//! The task that takes spans from their queue to the collector.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hyper::Uri;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::collector::Collector;
use super::losses::Losses;
use super::span::{PATIENCE, Span};
use crate::spawn::{spawn, tasks};

/// The most spans that wait: some 10 MB.
const QUEUE: usize = 16_384;
/// The most spans in one request.
const BATCH: usize = 1024;
/// How long a span waits for others to be sent with it.
const INTERVAL: Duration = Duration::from_millis(250);

/// The queue of spans, and the task that empties it.
#[derive(Debug, Clone)]
pub(super) struct Export {
    queue: Sender<Span>,
    /// Counts spans for which the queue had no room, until the task reports them.
    dropped: Arc<AtomicU64>,
    stop: CancellationToken,
    task: TaskTracker,
}

impl Export {
    pub(super) fn start(url: Uri, service: &'static str) -> Self {
        let (queue, spans) = channel(QUEUE);
        let (task, stop) = (TaskTracker::new(), CancellationToken::new());
        let dropped = Arc::default();
        let sending = Sending {
            spans,
            dropped: Arc::clone(&dropped),
            losses: Losses::default(),
            collector: Collector::new(url, service),
        };
        let sending = task.track_future(sending.until(stop.clone()));
        drop(spawn(tasks::SPANS, sending));
        task.close();
        Self {
            queue,
            dropped,
            stop,
            task,
        }
    }

    pub(super) fn take(&self, span: Span) {
        if self.queue.try_send(span).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) async fn close(self) {
        self.stop.cancel();
        self.task.wait().await;
    }
}

/// The state of the task.
struct Sending {
    spans: Receiver<Span>,
    dropped: Arc<AtomicU64>,
    losses: Losses,
    collector: Collector,
}

impl Sending {
    /// Sends spans until `stop`, or until no sender is left. Then sends the rest for up to
    /// [`PATIENCE`].
    async fn until(self, stop: CancellationToken) {
        let patience = async {
            stop.cancelled().await;
            sleep(PATIENCE).await;
        };
        tokio::select! {
            () = self.work(&stop) => {}
            () = patience => tracing::warn!("the collector of traces does not answer; the last spans are lost"),
        }
    }

    async fn work(mut self, stop: &CancellationToken) {
        let mut goes_on = true;
        while goes_on {
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(INTERVAL) => {}
            }
            goes_on = !(stop.is_cancelled() || self.spans.is_closed());
            self.send_queued().await;
        }
    }

    async fn send_queued(&mut self) {
        loop {
            let mut batch = Vec::new();
            while batch.len() < BATCH
                && let Ok(span) = self.spans.try_recv()
            {
                batch.push(span);
            }
            if !batch.is_empty()
                && let Err(error) = self.collector.send(&batch).await
            {
                self.losses.add(count(batch.len()), &error);
            }
            let dropped = self.dropped.swap(0, Ordering::Relaxed);
            self.losses.add(dropped, &"too many at once");
            if let Some((spans, reason)) = self.losses.due(Instant::now()) {
                tracing::warn!(spans, reason, "spans of traces are lost");
            }
            if batch.len() < BATCH {
                return;
            }
        }
    }
}

fn count(spans: usize) -> u64 {
    u64::try_from(spans).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::super::{Kind, Spans};
    use super::*;

    fn span() -> Span {
        Span {
            trace_id: 1,
            span_id: 2,
            parent_id: None,
            kind: Kind::Server,
            name: "test",
            started: SystemTime::now(),
            ended: SystemTime::now(),
            attributes: Vec::new(),
            failed: false,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_collector_that_never_answers_holds_up_the_end_no_longer_than_said() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", silent.local_addr().unwrap());
        let spans = Spans::to(Some(&endpoint), "test");
        spans.finished(span);
        let closing = tokio::time::Instant::now();
        spans.close().await;
        assert!((PATIENCE..PATIENCE * 2).contains(&closing.elapsed()));
        drop(silent);
    }

    #[tokio::test]
    async fn spans_that_the_queue_has_no_room_for_are_counted_and_nobody_waits() {
        let export = Export::start("http://127.0.0.1:9/".parse().unwrap(), "test");
        // The task has no turn until this test waits for something.
        for _ in 0..QUEUE + 3 {
            export.take(span());
        }
        assert_eq!(export.dropped.load(Ordering::Relaxed), 3);
    }
}
