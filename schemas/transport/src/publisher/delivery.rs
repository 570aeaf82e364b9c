//! Waits for the report of a record.
//!
//! No thread waits for reports: of those who wait for one, librdkafka wakes one, who takes all that
//! are there and wakes the others.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{Producer as _, ProducerContext};
use rdkafka::{ClientContext, Message as _};
use stackone_librdkafka::{NonemptyContext, PolledProducer};
use tokio::sync::oneshot;

use crate::{Contact, Live};

/// The place of a record that all in-sync replicas have acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The partition of the topic.
    pub partition: i32,
    /// The offset in the partition.
    pub offset: i64,
}

/// What became of a record. Without an answer where the producer was dropped.
pub(super) type Report = Result<Stored, KafkaError>;

/// A producer whose reports are taken by those who wait for them.
pub(super) type Reported = Live<PolledProducer<Reporting>>;

/// The context of a producer whose reports are taken by those who wait for them.
pub(super) struct Reporting {
    contact: Contact,
    waiting: Mutex<Waiting>,
}

/// Those who wait for a report, in the order in which they came.
#[derive(Default)]
struct Waiting {
    wakers: BTreeMap<u64, Waker>,
    /// How many have come.
    came: u64,
}

/// The report of a record, which is sent already.
pub(super) struct Delivery<'p> {
    producer: &'p PolledProducer<Reporting>,
    report: oneshot::Receiver<Report>,
    /// Its number among those who wait.
    place: Option<u64>,
}

impl Reporting {
    pub(super) fn new(contact: Contact) -> Self {
        Self {
            contact,
            waiting: Mutex::default(),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Notes who is to be woken. Returns who was at this place, to be dropped without the lock.
    fn note(&mut self, place: &mut Option<u64>, waker: Waker) -> Option<Waker> {
        let came = &mut self.came;
        let place = *place.get_or_insert_with(|| {
            *came += 1;
            *came
        });
        self.wakers.insert(place, waker)
    }
}

impl ClientContext for Reporting {
    fn error(&self, error: KafkaError, reason: &str) {
        self.contact.error(error, reason);
    }
}

impl ProducerContext for Reporting {
    type DeliveryOpaque = Box<oneshot::Sender<Report>>;

    fn delivery(&self, result: &DeliveryResult<'_>, waiting: Self::DeliveryOpaque) {
        let report = match result {
            Ok(record) => Ok(Stored {
                partition: record.partition(),
                offset: record.offset(),
            }),
            Err((error, _)) => Err(error.clone()),
        };
        // Who does not wait any more has given its caller another answer.
        drop(waiting.send(report));
    }
}

impl NonemptyContext for Reporting {
    /// Wakes the last who came, on whose thread there was something to do a moment ago.
    fn nonempty(&self) {
        if let Some((_, waker)) = self.waiting().wakers.last_key_value() {
            waker.wake_by_ref();
        }
    }
}

impl<'p> Delivery<'p> {
    /// The report of the record that the sender was sent with.
    pub(super) fn new(
        producer: &'p PolledProducer<Reporting>,
        report: oneshot::Receiver<Report>,
    ) -> Self {
        let place = None;
        Self {
            producer,
            report,
            place,
        }
    }

    fn context(&self) -> &'p Reporting {
        self.producer.client().context()
    }
}

impl Future for Delivery<'_> {
    type Output = Result<Report, oneshot::error::RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Poll::Ready(report) = Pin::new(&mut this.report).poll(cx) {
            return Poll::Ready(report);
        }
        let context = this.context();
        let replaced = context.waiting().note(&mut this.place, cx.waker().clone());
        drop(replaced);
        // Reports of before it was noted woke somebody else, or nobody.
        if !this.producer.has_reports() {
            return Poll::Pending;
        }
        if this.producer.poll_reports() {
            // The rest after what else this thread has to do.
            cx.waker().wake_by_ref();
        }
        Pin::new(&mut this.report).poll(cx)
    }
}

impl Drop for Delivery<'_> {
    fn drop(&mut self) {
        let Some(place) = self.place else {
            return;
        };
        let context = self.context();
        let waker = context.waiting().wakers.remove(&place);
        drop(waker);
        // It may be the one that was woken for these.
        if self.producer.has_reports() {
            context.nonempty();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::task::Wake;
    use std::time::Duration;

    use rdkafka::producer::{BaseRecord, PurgeConfig};

    use super::*;
    use crate::KafkaConfig;

    const DEADLINE: Duration = Duration::from_secs(30);

    /// Tells that it was woken.
    struct Woken(Mutex<Sender<()>>);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.lock().unwrap().send(()).unwrap();
        }
    }

    fn waker() -> (Waker, Receiver<()>) {
        let (sender, woken) = channel();
        (Waker::from(Arc::new(Woken(Mutex::new(sender)))), woken)
    }

    /// One whose broker is never there.
    fn producer() -> Reported {
        let kafka = KafkaConfig::plaintext("127.0.0.1:1");
        let config = kafka.client_config("test").unwrap();
        let context = Reporting::new(Contact::of(&kafka));
        config.create_with_context(context).unwrap()
    }

    /// Sends a record, and waits for its report.
    fn send(producer: &PolledProducer<Reporting>) -> Delivery<'_> {
        let (waiting, report) = oneshot::channel();
        let record = BaseRecord::<(), [u8], _>::with_opaque_to("topic", Box::new(waiting));
        assert!(producer.send(record.payload(b"a record")).is_ok());
        Delivery::new(producer, report)
    }

    fn look(delivery: &mut Delivery<'_>, waker: &Waker) -> Poll<bool> {
        let polled = Pin::new(delivery).poll(&mut Context::from_waker(waker));
        polled.map(|report| report.unwrap().is_ok())
    }

    /// Has librdkafka report every record as given up.
    fn purge(producer: &PolledProducer<Reporting>) {
        producer.purge(PurgeConfig::default().queue().inflight());
    }

    #[test]
    fn one_of_those_who_wait_is_woken_and_wakes_the_others() {
        let producer = producer();
        let (mut first, mut last) = (send(&producer), send(&producer));
        let (wakes_first, first_woken) = waker();
        let (wakes_last, last_woken) = waker();
        assert_eq!(look(&mut first, &wakes_first), Poll::Pending);
        assert_eq!(look(&mut last, &wakes_last), Poll::Pending);
        purge(&producer);
        last_woken.recv_timeout(DEADLINE).unwrap();
        assert!(first_woken.try_recv().is_err());
        while look(&mut last, &wakes_last).is_pending() {
            last_woken.recv_timeout(DEADLINE).unwrap();
        }
        drop(last);
        while look(&mut first, &wakes_first).is_pending() {
            first_woken.recv_timeout(DEADLINE).unwrap();
        }
    }

    #[test]
    fn who_was_woken_and_leaves_wakes_another() {
        let producer = producer();
        let (mut first, mut last) = (send(&producer), send(&producer));
        let (wakes_first, first_woken) = waker();
        let (wakes_last, last_woken) = waker();
        assert_eq!(look(&mut first, &wakes_first), Poll::Pending);
        assert_eq!(look(&mut last, &wakes_last), Poll::Pending);
        purge(&producer);
        last_woken.recv_timeout(DEADLINE).unwrap();
        drop(last);
        first_woken.recv_timeout(DEADLINE).unwrap();
    }

    #[test]
    fn reports_of_before_anybody_waits_are_taken_by_who_comes() {
        let producer = producer();
        let mut delivery = send(&producer);
        purge(&producer);
        let (wakes, woken) = waker();
        // It may come just before librdkafka has reported.
        while look(&mut delivery, &wakes).is_pending() {
            woken.recv_timeout(DEADLINE).unwrap();
        }
    }
}
