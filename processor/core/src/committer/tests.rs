use jiff::Timestamp;
use stackone_link_schemas::DeadLetterReason;

use super::*;
use crate::event::intake::Consumed;

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
fn what_was_aborted_is_ready_before_what_came_meanwhile_and_its_letters_go_apart() {
    let start = Monotonic::START;
    let mut committer = Committer::new(Duration::from_secs(1), start);
    let passed = |offset| ReadyToCommit::Passed {
        partition: 0,
        offset,
        reason: crate::reconcile::SkipReason::Replayed,
    };
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
    assert_eq!(committer.letters_to_commit(start), 1);
    committer.letters_committed(1);
    assert!(!committer.letters.is_apart());
}

#[test]
fn after_an_abort_nothing_begins_for_a_moment_and_markers_come_soon() {
    let start = Monotonic::START;
    let mut committer = Committer::new(Duration::from_secs(60), start);
    assert!(committer.may_begin(false, start));
    committer.aborted(start);
    assert!(committer.was_aborted() && !committer.may_begin(false, start));
    assert!(committer.may_begin(false, start + RETRY));
    assert!(committer.markers_are_due(start + RETRY));
    committer.committed();
    assert!(committer.may_begin(false, start));
}
