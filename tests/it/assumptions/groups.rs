//! How a group comes to its next generation, and what becomes of who does not take part.

use std::time::{Duration, Instant};

use harness::{Broker, WITHIN, eventually, unique_group};
use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode;

use super::clients::{COOPERATIVE, Change, Member, Settings, Writer, offset_of};
use super::cluster::{View, topic};
use super::offsets::{EAGER, all_assigned, commit, transactional};

/// Less than the shortest session that the broker allows, which is 6 s, by what it takes until the
/// test looks at its watch.
const NEARLY_A_SESSION: Duration = Duration::from_secs(5);

/// A group whose first member owns both partitions of a topic.
struct Stage {
    broker: Broker,
    topic: String,
    group: String,
    writer: Writer,
    view: View,
}

impl Stage {
    async fn set(test: &str) -> Self {
        let (broker, group) = (Broker::start().await, unique_group(test));
        let topic = topic(&broker, test, 2, &[]).await;
        let (writer, view) = (transactional(&broker), View::new(&broker, &group));
        Self {
            broker,
            topic,
            group,
            writer,
            view,
        }
    }

    fn member(&self, settings: Settings<'_>) -> Member {
        Member::join(&self.broker, &self.group, &self.topic, settings)
    }

    /// Whether an offset can be committed with this member and generation.
    fn commit(
        &self,
        group: &rdkafka::consumer::ConsumerGroupMetadata,
    ) -> Result<(), RDKafkaErrorCode> {
        commit(&self.writer, &offset_of(&self.topic, 0, 1), group)
    }

    /// Waits until the group waits for its members to join again; this one is polled meanwhile.
    async fn waits_for_members(&self, joining: &Member) {
        let waits = eventually("the group waits for members", WITHIN, async || {
            joining.poll();
            let state = self.view.state(&self.group);
            (state == "PreparingRebalance").then_some(()).ok_or(state)
        });
        waits.await.unwrap();
    }
}

#[tokio::test]
async fn the_old_generation_commits_until_the_join_has_completed() {
    let stage = Stage::set("generation").await;
    let old = stage.member(EAGER);
    let [first] = all_assigned([&old]).await;
    let new = stage.member(EAGER);
    stage.waits_for_members(&new).await;
    assert_eq!(stage.commit(&first.group), Ok(()));
    assert_eq!(stage.view.state(&stage.group), "PreparingRebalance");

    let [second, _] = all_assigned([&old, &new]).await;
    assert_eq!(
        stage.commit(&first.group),
        Err(RDKafkaErrorCode::IllegalGeneration)
    );
    assert_eq!(stage.commit(&second.group), Ok(()));
}

#[tokio::test]
async fn a_partition_moves_in_two_generations_and_is_revoked_in_the_first() {
    let stage = Stage::set("cooperative").await;
    let old = stage.member(COOPERATIVE);
    let [first] = all_assigned([&old]).await;
    let new = stage.member(COOPERATIVE);
    let revoked = eventually("one is revoked", WITHIN, async || {
        new.poll();
        old.told().ok_or("nothing")
    });
    let revoked = revoked.await.unwrap();
    assert_eq!(revoked.change, Change::Revoked);
    assert_eq!(revoked.partitions.len(), 1, "the other one stays");

    // It is told in the next generation: the join that found out has completed.
    let code = Err(RDKafkaErrorCode::IllegalGeneration);
    assert_eq!(stage.commit(&first.group), code);
    assert_eq!(stage.commit(&revoked.group), Ok(()));
    let of_new = eventually("the new member is in that generation", WITHIN, async || {
        new.poll();
        let group = new.consumer.group_metadata().ok_or("no member")?;
        stage.commit(&group).map_err(|_code| "not yet")
    });
    of_new.await.unwrap();
    assert_eq!(new.consumer.assignment().unwrap().count(), 0);

    old.answer(&revoked);
    let assigned = eventually("it moves", WITHIN, async || {
        old.takes_part();
        let told = new.takes_part();
        let moved = told.filter(|told| !told.partitions.is_empty());
        moved.ok_or("nothing")
    });
    let assigned = assigned.await.unwrap();
    assert_eq!(assigned.partitions, revoked.partitions);
    assert_eq!(stage.commit(&revoked.group), code);
    assert_eq!(stage.commit(&assigned.group), Ok(()));
}

#[tokio::test]
async fn a_member_that_does_not_answer_holds_the_group_until_the_rebalance_times_out() {
    let stage = Stage::set("holds").await;
    let patient: Settings<'_> = &[EAGER[0], ("max.poll.interval.ms", "6000")];
    let silent = stage.member(patient);
    let [first] = all_assigned([&silent]).await;
    // Before the rebalance can begin: however late this test looks at its watch, it sees at least
    // what passed.
    let began = Instant::now();
    let new = stage.member(patient);
    stage.waits_for_members(&new).await;
    // It polls, so its client does not leave by itself, and sends heartbeats. It does not answer.
    let assigned = eventually("the new member is assigned", WITHIN, async || {
        silent.poll();
        new.told().ok_or("nothing")
    });
    let assigned = assigned.await.unwrap();
    assert!(began.elapsed() >= NEARLY_A_SESSION, "{:?}", began.elapsed());
    new.answer(&assigned);
    assert_eq!(assigned.change, Change::Assigned);
    assert_eq!(assigned.partitions.len(), 2);
    assert_eq!(
        stage.commit(&first.group),
        Err(RDKafkaErrorCode::UnknownMemberId)
    );
}

/// A member whose heartbeats do not come stands for one that sleeps; it does not poll, either.
#[tokio::test]
async fn who_sleeps_past_the_session_is_told_that_its_partitions_are_lost_after_others_own_them() {
    let stage = Stage::set("asleep").await;
    let asleep = stage.member(&[COOPERATIVE[0], ("heartbeat.interval.ms", "600000")]);
    let [first] = all_assigned([&asleep]).await;
    let began = Instant::now();
    let new = stage.member(COOPERATIVE);
    let [assigned] = all_assigned([&new]).await;
    assert!(began.elapsed() >= NEARLY_A_SESSION, "{:?}", began.elapsed());
    assert_eq!(assigned.partitions.len(), 2);
    assert_eq!(
        stage.commit(&first.group),
        Err(RDKafkaErrorCode::UnknownMemberId)
    );
    assert_eq!(asleep.consumer.assignment().unwrap().count(), 2);
    let lost = asleep.is_told().await;
    assert_eq!((lost.change, lost.partitions.len()), (Change::Lost, 2));
    asleep.answer(&lost);
}

/// KIP-345. The other member's generation is still good: nobody joined again.
#[tokio::test]
async fn a_static_member_that_comes_back_keeps_the_generation_and_fences_the_other() {
    let stage = Stage::set("static").await;
    let named: Settings<'_> = &[EAGER[0], ("group.instance.id", "a")];
    let (before, witness) = (stage.member(named), stage.member(EAGER));
    let [first, of_witness] = all_assigned([&before, &witness]).await;
    let after = stage.member(named);
    let [again] = all_assigned([&after]).await;
    assert_eq!(again.partitions, first.partitions);
    assert_eq!(stage.commit(&of_witness.group), Ok(()));
    assert_eq!(stage.commit(&again.group), Ok(()));
    assert_eq!(
        stage.commit(&first.group),
        Err(RDKafkaErrorCode::FencedInstanceId)
    );
}
