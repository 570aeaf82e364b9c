use crate::committer::in_flight::Round;
use jiff::Timestamp;
use stackone_client_types::Lookup;
use stackone_link_schemas::{AccountId, DeadLetterReason};

use super::*;
use crate::event::intake::Consumed;
use crate::work::AccountKey;

fn letter(bytes: usize) -> ReadyToCommit {
    let record = Consumed {
        partition: 0,
        offset: 0,
        timestamp_ms: 0,
        key: None,
        value: vec![0; bytes],
        headers: None,
    };
    ReadyToCommit::Unusable {
        record: Box::new(record),
        reason: DeadLetterReason::MalformedEvent,
        detail: String::new(),
        seen: Timestamp::UNIX_EPOCH,
    }
}

fn passed(offset: i64) -> ReadyToCommit {
    ReadyToCommit::Passed {
        partition: 0,
        offset,
        reason: crate::reconcile::SkipReason::Replayed,
    }
}

fn answered() -> ReadyToCommit {
    ReadyToCommit::Answered {
        key: AccountKey {
            partition: 7,
            id: AccountId::try_from("a").unwrap(),
        },
        lane: 0,
        lookup: Lookup::NotFound,
        sent: Monotonic::START,
        at: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn letters_go_in_transactions_of_few_megabytes_and_a_large_one_goes_at_all() {
    let of = |sizes: &[usize]| {
        let letters: Vec<ReadyToCommit> = sizes.iter().copied().map(letter).collect();
        together(&letters)
    };
    assert_eq!(of(&[]), 0);
    assert_eq!(of(&[1, 2, 3]), 3);
    assert_eq!(of(&[LETTERS_TOGETHER * 2, 1]), 1);
    assert_eq!(of(&[LETTERS_TOGETHER / 2, LETTERS_TOGETHER / 2, 1]), 2);
}

#[test]
fn aborted_work_is_ready_before_what_came_meanwhile_and_its_letters_go_apart() {
    let start = Monotonic::START;
    let mut committer = Committer::new(Duration::from_secs(1), start);
    committer.ready = vec![passed(2)];
    committer.put_back(vec![passed(1), letter(1)], start);
    let offsets = committer.ready.iter().map(|one| match one {
        ReadyToCommit::Passed { offset, .. } => *offset,
        ReadyToCommit::Unusable { .. }
        | ReadyToCommit::Answered { .. }
        | ReadyToCommit::GivenUp(_) => 0,
    });
    assert_eq!(offsets.collect::<Vec<_>>(), [1, 0, 2]);
    assert!(
        committer.set_letters_apart(start).is_empty(),
        "they are held"
    );
    assert_eq!((committer.held.len(), committer.ready.len()), (1, 2));
    committer.ready.clear();
    let due = committer.letters.due_at();
    assert_eq!(committer.next_begin(false, start), due);
    assert_eq!(committer.letters_to_commit(start), 1);
    committer.letters_committed(1);
    assert!(!committer.letters.is_apart());
}

#[test]
fn after_an_abort_nothing_begins_for_a_moment_and_markers_come_soon() {
    let start = Monotonic::START;
    let mut committer = Committer::new(Duration::from_secs(60), start);
    assert!(committer.may_begin(false, start) && !committer.was_aborted());
    committer.aborted(start);
    assert!(committer.was_aborted() && !committer.may_begin(false, start));
    assert!(!committer.markers_are_due(start));
    assert!(committer.may_begin(false, start + RETRY));
    assert!(committer.markers_are_due(start + RETRY));
    committer.committed();
    assert!(committer.may_begin(false, start) && !committer.was_aborted());
}

const INTERVAL: Duration = Duration::from_secs(60);
const MOMENT: Duration = Duration::from_millis(1);

#[test]
fn ready_work_gathers_as_long_as_the_last_transaction_took_while_lookups_are_under_way() {
    let start = Monotonic::START;
    for (took, pause) in [
        (LONGEST_PAUSE - MOMENT, LONGEST_PAUSE - MOMENT),
        (LONGEST_PAUSE * 3, LONGEST_PAUSE),
    ] {
        let mut committer = Committer::new(INTERVAL, start);
        committer.ended(took, start);
        committer.ready = (1..).take(ENOUGH_READY - 1).map(passed).collect();
        assert_eq!(committer.next_begin(true, start), Some(start + pause));
        assert!(!committer.may_begin(true, start + (pause - MOMENT)));
        assert!(committer.may_begin(true, start + pause));
        // Without lookups nothing more comes, so there is no reason to wait.
        assert_eq!(committer.next_begin(false, start), Some(start));
        assert!(committer.may_begin(false, start));
        committer.ready.push(passed(0));
        assert_eq!(committer.next_begin(true, start), Some(start), "enough");
        assert!(committer.may_begin(true, start));
    }
}

#[test]
fn nothing_more_is_asked_for_once_so_much_waits() {
    let mut committer = Committer::new(INTERVAL, Monotonic::START);
    committer.ready = (1..).take(MOST_READY - 1).map(passed).collect();
    assert!(!committer.is_full());
    committer.ready.push(passed(0));
    assert!(committer.is_full());
}

#[test]
fn aborted_work_is_announced_for_when_it_may_begin_again() {
    let start = Monotonic::START;
    let mut committer = Committer::new(INTERVAL, start);
    committer.ready = vec![passed(1)];
    committer.aborted(start);
    assert_eq!(committer.next_begin(false, start), Some(start + RETRY));
    assert!(!committer.may_begin(false, start + (RETRY - MOMENT)));
    committer.hurry(start);
    assert_eq!(committer.next_begin(false, start), Some(start));
    assert!(committer.may_begin(false, start) && committer.markers_are_due(start));
}

#[test]
fn markers_are_due_an_interval_after_the_last_and_begin_a_transaction_by_themselves() {
    let start = Monotonic::START;
    let mut committer = Committer::new(INTERVAL, start);
    assert_eq!(committer.next_begin(false, start), Some(start + INTERVAL));
    let due = start + INTERVAL;
    assert!(!committer.markers_are_due(start + (INTERVAL - MOMENT)));
    assert!(committer.markers_are_due(due));
    committer.wrote_markers(due);
    assert!(!committer.markers_are_due(due));
    assert_eq!(committer.next_begin(false, due), Some(due + INTERVAL));
}

#[test]
fn where_no_marker_was_due_none_is_announced_until_an_input_has_come() {
    let start = Monotonic::START;
    let mut committer = Committer::new(INTERVAL, start);
    committer.rest();
    assert_eq!(committer.next_begin(false, start), None);
    assert!(
        committer.markers_are_due(start + INTERVAL),
        "whoever comes by writes them"
    );
    committer.ready = vec![passed(1)];
    assert_eq!(
        committer.next_begin(false, start),
        Some(start),
        "decisions are not markers"
    );
    committer.ready.clear();
    committer.stir();
    assert_eq!(committer.next_begin(false, start), Some(start + INTERVAL));
}

#[test]
fn while_a_transaction_runs_none_begins_and_none_is_announced() {
    let start = Monotonic::START;
    let mut committer = Committer::new(INTERVAL, start);
    committer.ready = vec![passed(1)];
    committer.in_flight = Some(InFlight::Committing {
        effects: Vec::new(),
        round: Round::Releases,
        began: start,
    });
    assert!(!committer.may_begin(false, start));
    assert_eq!(committer.next_begin(false, start), None);
}

#[test]
fn ready_work_of_a_partition_given_up_is_forgotten_and_counted() {
    let start = Monotonic::START;
    let mut committer = Committer::new(INTERVAL, start);
    let elsewhere = ReadyToCommit::Passed {
        partition: 7,
        offset: 1,
        reason: crate::reconcile::SkipReason::Replayed,
    };
    committer.ready = vec![passed(1), elsewhere, passed(2)];
    committer.held = vec![letter(1)];
    assert_eq!(committer.loose_records(), 4);
    assert_eq!(committer.give_up(&[0]), 3);
    assert_eq!((committer.ready.len(), committer.held.len()), (1, 0));
    assert_eq!(committer.loose_records(), 1);
    // Its records are counted with the work of its account.
    committer.ready.push(answered());
    assert_eq!(committer.loose_records(), 1);
}
