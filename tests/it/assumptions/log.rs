//! What readers see of a partition that transactions write to.

use harness::{Broker, WITHIN};
use rdkafka::producer::Producer;

use super::clients::Writer;
use super::cluster::{Ends, View, topic};
use super::offsets::transactional;

fn seen(offset: i64, value: &str) -> (i64, String) {
    (offset, value.to_owned())
}

#[tokio::test]
async fn an_open_transaction_holds_back_its_partitions_alone_and_its_end_takes_an_offset() {
    let broker = Broker::start().await;
    let topic = topic(&broker, "stable", 2, &[]).await;
    let (open, other) = (transactional(&broker), transactional(&broker));
    let plain = Writer::new(broker.bootstrap_servers(), &[]);
    let view = View::new(&broker, "");

    open.producer.begin_transaction().unwrap();
    assert_eq!(open.store(&topic, 0, "aborted"), 0);
    other.producer.begin_transaction().unwrap();
    assert_eq!(other.store(&topic, 0, "committed"), 1);
    assert_eq!(other.store(&topic, 1, "committed"), 0);
    other.producer.commit_transaction(WITHIN).unwrap();
    let held_back = Ends {
        low: 0,
        stable: 0,
        high: 3,
    };
    view.ends_at(&topic, 0, held_back).await;
    let ended = Ends {
        low: 0,
        stable: 2,
        high: 2,
    };
    view.ends_at(&topic, 1, ended).await;
    assert_eq!(plain.store(&topic, 0, "plain"), 3);
    assert_eq!(view.records(&topic, 0).await, []);
    assert_eq!(view.records(&topic, 1).await, [seen(0, "committed")]);

    open.producer.abort_transaction(WITHIN).unwrap();
    let ended = Ends {
        low: 0,
        stable: 5,
        high: 5,
    };
    view.ends_at(&topic, 0, ended).await;
    let both = [seen(1, "committed"), seen(3, "plain")];
    assert_eq!(view.records(&topic, 0).await, both);
    assert_eq!(plain.store(&topic, 0, "plain"), 5);
}
