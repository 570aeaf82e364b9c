//! A producer that says when it has to be polled.

use std::ffi::c_void;
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::client::Client;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::producer::{BaseProducer, Producer as _, ProducerContext};
use rdkafka_sys as rdsys;

/// A context that is told when its producer has to be polled.
pub trait NonemptyContext: ProducerContext {
    /// The first report came since none was left: [`PolledProducer::poll_reports`] has to be
    /// called. This runs on a thread of librdkafka that holds the lock of the reports; it must not
    /// block, and must not use the producer.
    fn nonempty(&self);
}

/// A producer without a thread that waits for its reports: its context is told when there are
/// some. rdkafka offers that for consumers only.
pub struct PolledProducer<C: NonemptyContext + 'static> {
    // Before the producer, whose queue it is: fields are dropped in this order.
    reports: MainQueue,
    producer: BaseProducer<C>,
}

/// The queue of a client's reports and errors.
struct MainQueue(NonNull<rdsys::rd_kafka_queue_t>);

#[expect(unsafe_code, reason = "a pointer is not Send by itself")]
// SAFETY: librdkafka's queues may be used, and given back, on any thread.
unsafe impl Send for MainQueue {}
#[expect(unsafe_code, reason = "a pointer is not Sync by itself")]
// SAFETY: each call takes the lock of the queue.
unsafe impl Sync for MainQueue {}

impl<C: NonemptyContext + 'static> PolledProducer<C> {
    /// Gives the context as many reports and errors as there are now, and returns whether there
    /// are more.
    pub fn poll_reports(&self) -> bool {
        for _ in 0..self.reports.length() {
            self.producer.poll(Duration::ZERO);
        }
        self.has_reports()
    }

    /// Returns whether there are reports or errors.
    #[must_use]
    pub fn has_reports(&self) -> bool {
        self.reports.length() > 0
    }
}

impl<C: NonemptyContext + 'static> FromClientConfigAndContext<C> for PolledProducer<C> {
    fn from_config_and_context(config: &ClientConfig, context: C) -> KafkaResult<Self> {
        let producer = BaseProducer::from_config_and_context(config, context)?;
        let reports = MainQueue::of(producer.client())
            .ok_or_else(|| KafkaError::ClientCreation("it has no queue".to_owned()))?;
        Ok(Self { reports, producer })
    }
}

impl<C: NonemptyContext + 'static> Deref for PolledProducer<C> {
    type Target = BaseProducer<C>;

    fn deref(&self) -> &BaseProducer<C> {
        &self.producer
    }
}

impl MainQueue {
    /// The queue of a client, which tells the context when the first report comes.
    fn of<C: NonemptyContext + 'static>(client: &Client<C>) -> Option<Self> {
        #[expect(unsafe_code, reason = "rdkafka has it for consumers only")]
        // SAFETY: the handle is that of a client that is borrowed.
        let queue = unsafe { rdsys::rd_kafka_queue_get_main(client.native_ptr()) };
        let queue = Self(NonNull::new(queue)?);
        let context = Arc::as_ptr(client.context()).cast_mut().cast();
        queue.tell(Some(tell::<C>), context);
        Some(queue)
    }

    fn tell(
        &self,
        callback: Option<unsafe extern "C" fn(*mut rdsys::rd_kafka_t, *mut c_void)>,
        context: *mut c_void,
    ) {
        #[expect(unsafe_code, reason = "rdkafka has it for consumers only")]
        // SAFETY: the queue is ours until this value is dropped. The context is null without a
        // callback; else it is what the callback expects, and the client, which outlives this
        // value, keeps it at its place.
        unsafe {
            rdsys::rd_kafka_queue_cb_event_enable(self.0.as_ptr(), callback, context);
        }
    }

    fn length(&self) -> usize {
        #[expect(unsafe_code, reason = "rdkafka does not have it")]
        // SAFETY: the queue is ours until this value is dropped.
        unsafe {
            rdsys::rd_kafka_queue_length(self.0.as_ptr())
        }
    }
}

impl Drop for MainQueue {
    fn drop(&mut self) {
        // It takes the lock that the callback runs under, so none runs after it.
        self.tell(None, ptr::null_mut());
        #[expect(unsafe_code, reason = "rdkafka gives back only its own")]
        // SAFETY: the queue is ours, and nobody uses it after this.
        unsafe {
            rdsys::rd_kafka_queue_destroy(self.0.as_ptr());
        }
    }
}

#[expect(unsafe_code, reason = "librdkafka calls it")]
/// # Safety
///
/// `context` points to a context of this type, which nobody drops or changes meanwhile.
unsafe extern "C" fn tell<C: NonemptyContext>(_: *mut rdsys::rd_kafka_t, context: *mut c_void) {
    let context: *const C = context.cast_const().cast();
    #[expect(unsafe_code, reason = "C passes pointers")]
    // SAFETY: as the caller promises.
    let context = unsafe { &*context };
    context.nonempty();
}
