//! What becomes of records whose producer was not answered in time. The broker is frozen meanwhile,
//! so it is one of this test alone.

use harness::{Broker, DedicatedBroker, WITHIN, eventually};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::Producer;

use super::clients::{Settings, Writer};
use super::cluster::{View, topic};

/// It gives a record up.
const IMPATIENT: Settings<'_> = &[("message.timeout.ms", "1000")];
/// It sends a record again.
const PATIENT: Settings<'_> = &[
    ("socket.timeout.ms", "1000"),
    ("statistics.interval.ms", "100"),
];
/// And numbers what it sends.
const IDEMPOTENT: Settings<'_> = &[PATIENT[0], PATIENT[1], ("enable.idempotence", "true")];

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_timed_out_may_be_stored_and_a_repetition_is_stored_once_if_idempotent() {
    let dedicated = DedicatedBroker::start().await.unwrap();
    let broker = Broker::external(dedicated.bootstrap_servers().to_owned());
    let topic = topic(&broker, "timed-out", 3, &[]).await;
    let writers = [IMPATIENT, IDEMPOTENT, PATIENT].map(|settings| {
        // Whoever is connected sends at once.
        Writer::new(broker.bootstrap_servers(), settings)
    });
    for (writer, partition) in writers.iter().zip(0..) {
        assert_eq!(writer.store(&topic, partition, "before"), 0);
    }
    dedicated.pause().await.unwrap();
    for (writer, partition) in writers.iter().zip(0..) {
        writer.send(&topic, partition, "x");
    }
    let [impatient, idempotent, patient] = &writers;
    let given_up = eventually("the record is given up", WITHIN, async || {
        match impatient.reports()[..] {
            [Err(RDKafkaErrorCode::MessageTimedOut)] => Ok(()),
            ref reports => Err(format!("{reports:?}")),
        }
    });
    given_up.await.unwrap();
    for writer in [idempotent, patient] {
        let sends_again = eventually("a request timed out", WITHIN, async || {
            let timed_out = writer.timed_out_requests();
            (timed_out > 0).then_some(()).ok_or("none")
        });
        sends_again.await.unwrap();
    }
    dedicated.unpause().await.unwrap();

    for writer in [idempotent, patient] {
        writer.producer.flush(WITHIN).unwrap();
        assert!(matches!(writer.reports()[..], [Ok(_)]));
    }
    let view = View::new(&broker, "");
    for (partition, least, most) in [(0, 1, 1), (1, 1, 1), (2, 2, 9)] {
        let stored = eventually("it is stored so often", WITHIN, async || {
            let records = view.records(&topic, partition).await;
            let times = records.len() - 1;
            assert!(times <= most, "{times} times in partition {partition}");
            (times >= least)
                .then_some(())
                .ok_or(format!("{times} times in {partition}"))
        });
        stored.await.unwrap();
    }
}
