//! The group protocol of KIP-848, which `kafka.properties` may not ask for: why not.

use harness::{Broker, WITHIN, eventually, unique_group};
use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode;

use super::clients::{Member, Settings, offset_of};
use super::cluster::topic;
use super::offsets::{all_assigned, commit, transactional};
use super::protocol::RawProducer;
use super::transactions::OF_KAFKA_3_9;

const OF_KIP_848: Settings<'_> = &[("group.protocol", "consumer")];
/// The level of `group.version` from which on brokers speak it.
const SPOKEN: i16 = 1;

/// A processor takes group, member and generation together with the records, and shows them when it sends
/// offsets. Here the number rises with a heartbeat, while the member keeps what it owns and is told nothing.
#[tokio::test]
async fn a_captured_epoch_is_refused_although_its_member_has_lost_nothing() {
    let broker = Broker::start().await;
    let mut asks = RawProducer::new(&broker).await;
    let is_spoken = asks.level("group.version") >= SPOKEN;
    assert_eq!(is_spoken, asks.level("metadata.version") > OF_KAFKA_3_9);
    if !is_spoken {
        return;
    }
    let (own, group) = (
        topic(&broker, "kip-848", 1, &[]).await,
        unique_group("kip-848"),
    );
    let writer = transactional(&broker);
    let keeps = Member::join_as(&broker, &group, &own, OF_KIP_848);
    let [captured] = all_assigned([&keeps]).await;
    let offsets = offset_of(&own, 0, 1);
    assert_eq!(commit(&writer, &offsets, &captured.group), Ok(()));

    // Nothing is left for another one, and still there is a new epoch.
    let spare = Member::join_as(&broker, &group, &own, OF_KIP_848);
    let refused = eventually("the captured epoch is refused", WITHIN, async || {
        assert!(keeps.told().is_none(), "it is told nothing");
        spare.takes_part();
        match commit(&writer, &offsets, &captured.group) {
            Ok(()) => Err("it commits"),
            Err(code) => Ok(code),
        }
    });
    let code = refused.await.unwrap();
    assert_eq!(code, RDKafkaErrorCode::IllegalGeneration);
    let kept = keeps.consumer.assignment().unwrap();
    assert_eq!(kept, keeps.list(&[0]), "it has lost nothing");
    let now = keeps.consumer.group_metadata().unwrap();
    assert_eq!(commit(&writer, &offsets, &now), Ok(()));
}
