//! Offsets that a transaction sends: what the group's coordinator checks, and when they are stable.

use harness::{Broker, WITHIN, eventually, unique_group};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::Producer;

use super::clients::{Change, Member, Rebalance, Settings, Writer, offset_of};
use super::cluster::{View, topic};

/// A member that gives up all its partitions before it joins again.
pub(crate) const EAGER: Settings<'_> = &[("partition.assignment.strategy", "range")];

/// A producer with a transactional id of its own.
pub(crate) fn transactional(broker: &Broker) -> Writer {
    let id = unique_group("producer");
    let settings = [("transactional.id", id.as_str())];
    let writer = Writer::new(broker.bootstrap_servers(), &settings);
    writer.producer.init_transactions(WITHIN).unwrap();
    writer
}

/// Commits an offset in a transaction, or says why the coordinator of the group refuses it.
pub(crate) fn commit(
    writer: &Writer,
    offsets: &TopicPartitionList,
    group: &ConsumerGroupMetadata,
) -> Result<(), RDKafkaErrorCode> {
    let producer = &writer.producer;
    producer.begin_transaction().unwrap();
    match producer.send_offsets_to_transaction(offsets, group, WITHIN) {
        Ok(()) => producer.commit_transaction(WITHIN).unwrap(),
        Err(error) => {
            producer.abort_transaction(WITHIN).unwrap();
            return Err(error.rdkafka_error_code().unwrap());
        }
    }
    Ok(())
}

/// Polls every member and answers what it is told, until each was told of partitions it was given.
pub(crate) async fn all_assigned<const N: usize>(members: [&Member; N]) -> [Rebalance; N] {
    let mut assigned = [const { None }; N];
    let settled = eventually("all members have partitions", WITHIN, async || {
        for (member, last) in members.iter().zip(&mut assigned) {
            let Some(rebalance) = member.takes_part() else {
                continue;
            };
            let has_some = rebalance.change == Change::Assigned && !rebalance.partitions.is_empty();
            *last = has_some.then_some(rebalance);
        }
        let waiting = assigned.iter().filter(|last| last.is_none()).count();
        (waiting == 0)
            .then_some(())
            .ok_or(format!("{waiting} wait"))
    });
    settled.await.unwrap();
    assigned.map(Option::unwrap)
}

#[tokio::test]
async fn the_coordinator_checks_member_and_generation_and_never_who_owns_a_partition() {
    let broker = Broker::start().await;
    let own = topic(&broker, "own", 2, &[]).await;
    let foreign = topic(&broker, "foreign", 1, &[]).await;
    let group = unique_group("checked");
    let writer = transactional(&broker);
    let view = View::new(&broker, &group);

    let member = Member::join(&broker, &group, &own, EAGER);
    let [first] = all_assigned([&member]).await;
    let offsets = offset_of(&foreign, 0, 7);
    assert_eq!(commit(&writer, &offsets, &first.group), Ok(()));
    let committed = eventually("it is committed", WITHIN, async || {
        let offset = view.offset(&foreign, 0).unwrap();
        (offset == Some(7)).then_some(()).ok_or("it is not")
    });
    committed.await.unwrap();

    let other = Member::join(&broker, &group, &own, EAGER);
    let [_, of_other] = all_assigned([&member, &other]).await;
    assert_eq!(
        commit(&writer, &offsets, &first.group),
        Err(RDKafkaErrorCode::IllegalGeneration)
    );
    let nothing = TopicPartitionList::new();
    assert_eq!(commit(&writer, &nothing, &first.group), Ok(()));

    drop(other);
    assert_eq!(
        commit(&writer, &offsets, &of_other.group),
        Err(RDKafkaErrorCode::UnknownMemberId)
    );
    assert_eq!(view.offset(&foreign, 0), Ok(Some(7)));
}

#[tokio::test]
async fn an_offset_of_an_open_transaction_leaves_the_group_without_a_stable_one() {
    let broker = Broker::start().await;
    let own = topic(&broker, "unstable", 2, &[]).await;
    let group = unique_group("unstable");
    let (writer, view) = (transactional(&broker), View::new(&broker, &group));
    let member = Member::join(&broker, &group, &own, EAGER);
    let [assigned] = all_assigned([&member]).await;

    let producer = &writer.producer;
    for (is_commit, expected) in [(false, None), (true, Some(3))] {
        producer.begin_transaction().unwrap();
        let offsets = offset_of(&own, 0, 3);
        let sent = producer.send_offsets_to_transaction(&offsets, &assigned.group, WITHIN);
        sent.unwrap();
        assert!(view.is_unstable(&own, 0));
        assert_eq!(view.offset(&own, 1), Ok(None), "nobody moves the other");
        let ended: Result<(), KafkaError> = if is_commit {
            producer.commit_transaction(WITHIN)
        } else {
            producer.abort_transaction(WITHIN)
        };
        ended.unwrap();
        let stable = eventually("it is stable", WITHIN, async || view.offset(&own, 0));
        assert_eq!(stable.await.unwrap(), expected);
    }
}
