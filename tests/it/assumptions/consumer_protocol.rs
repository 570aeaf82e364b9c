//! What becomes of an epoch of the new group protocol (KIP-848) that was captured when partitions
//! were assigned. No service uses that protocol; `docs/kafka.md` says why.

use harness::{Broker, WITHIN, eventually, unique_group};
use rdkafka::consumer::{Consumer, ConsumerGroupMetadata};
use rdkafka::error::RDKafkaErrorCode;

use super::clients::{Change, Member, Rebalance, Settings, offset_of};
use super::cluster::topic;
use super::offsets::{all_assigned, commit, transactional};

/// How long a member may be silent is the broker's setting there, 45 s, not the client's.
const NEW_PROTOCOL: Settings<'_> = &[("group.protocol", "consumer")];

/// Polls a member until it has more partitions; others take part meanwhile.
async fn assigned(member: &Member, others: &[&Member]) -> Rebalance {
    let assigned = eventually("it is assigned more", WITHIN, async || {
        for other in others {
            other.takes_part();
        }
        let told = member.takes_part();
        told.filter(|told| !told.partitions.is_empty())
            .ok_or("nothing")
    });
    assigned.await.unwrap()
}

#[tokio::test]
async fn of_the_new_protocol_a_captured_epoch_commits_until_its_partition_moves_and_never_again() {
    let broker = Broker::start().await;
    let own = topic(&broker, "epochs", 2, &[]).await;
    let group = unique_group("epochs");
    let writer = transactional(&broker);
    let commit_of = |partition, epoch: &ConsumerGroupMetadata| {
        commit(&writer, &offset_of(&own, partition, 1), epoch)
    };
    let refused = Err(RDKafkaErrorCode::IllegalGeneration);

    let old = Member::join_as(&broker, &group, &own, NEW_PROTOCOL);
    let [first] = all_assigned([&old]).await;
    let new = Member::join_as(&broker, &group, &own, NEW_PROTOCOL);
    let revoked = eventually("one is revoked", WITHIN, async || {
        new.poll();
        old.told().ok_or("nothing")
    });
    let revoked = revoked.await.unwrap();
    assert_eq!(revoked.change, Change::Revoked);
    let &[moving] = &revoked.partitions[..] else {
        panic!("the other one stays: {:?}", revoked.partitions);
    };
    let staying = 1 - moving;
    // Epochs have risen meanwhile, and still the one that was captured before is good for both.
    assert_eq!(commit_of(moving, &first.group), Ok(()));
    assert_eq!(commit_of(staying, &first.group), Ok(()));

    old.answer(&revoked);
    let moved = assigned(&new, &[&old]).await;
    assert_eq!(moved.partitions, [moving]);
    assert_eq!(commit_of(moving, &moved.group), Ok(()));
    assert_eq!(commit_of(staying, &first.group), Ok(()));
    for captured in [&first, &revoked] {
        assert_eq!(commit_of(moving, &captured.group), refused);
    }
    // Whoever asks its client for an epoch where it commits is not refused, as in the classic
    // protocol.
    let current = old.consumer.group_metadata().unwrap();
    assert_eq!(commit_of(moving, &current), Ok(()));

    drop(new);
    let again = assigned(&old, &[]).await;
    assert_eq!(again.partitions, [moving]);
    assert_eq!(commit_of(moving, &again.group), Ok(()));
    assert_eq!(commit_of(moving, &first.group), refused);
}
