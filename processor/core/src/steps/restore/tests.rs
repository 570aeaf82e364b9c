use super::*;

const ALL: PersonalFields = PersonalFields {
    origin_username: true,
    setup_information: true,
};

fn steps() -> RestoreSteps {
    RestoreSteps::new("states".to_owned(), 0, ALL)
}

fn call(steps: &RestoreSteps) -> Option<RestoreCall> {
    match steps.next() {
        RestoreStep::Call(call, _) => Some(call),
        RestoreStep::Done => None,
    }
}

/// Gives answers one after the other, each to the call that is expected.
fn give(steps: &mut RestoreSteps, answers: &[(RestoreCall, RestoreAnswer)]) {
    for (expected, answer) in answers {
        assert_eq!(call(steps), Some(*expected));
        steps.ended(*answer);
    }
}

#[test]
fn the_state_is_read_once_no_transaction_can_add_to_it() {
    let mut steps = steps();
    give(
        &mut steps,
        &[
            (RestoreCall::CommittedOffset, RestoreAnswer::None),
            (
                RestoreCall::CommittedOffset,
                RestoreAnswer::Committed(Some(7)),
            ),
            (
                RestoreCall::EventWatermarks,
                RestoreAnswer::Watermarks(3, 9),
            ),
            (RestoreCall::HighWatermark, RestoreAnswer::Offset(100)),
            (RestoreCall::LastStableOffset, RestoreAnswer::Offset(99)),
        ],
    );
    assert_eq!(steps.is_waiting_for(), Some(100));
    give(
        &mut steps,
        &[
            (RestoreCall::LastStableOffset, RestoreAnswer::Offset(100)),
            (RestoreCall::PartitionCount, RestoreAnswer::Count(0)),
            (RestoreCall::PartitionCount, RestoreAnswer::Count(1)),
        ],
    );
    let state = br#"{"account_id":"a","state":"active","version":1}"#;
    assert!(steps.record(Some(b"a"), Some(state)));
    assert!(!steps.record(Some(b"not an id!"), Some(state)));
    assert!(!steps.record(None, Some(state)));
    give(&mut steps, &[(RestoreCall::Read, RestoreAnswer::End)]);
    assert_eq!(call(&steps), None);
    let restored = steps.finish().unwrap();
    let expected = Position {
        next: 7,
        was_out_of_range: false,
    };
    assert_eq!((restored.states.len(), restored.position), (1, expected));
}

#[test]
fn questions_without_an_answer_are_asked_again_after_longer_waits() {
    let mut steps = steps();
    let waits: Vec<u128> = std::iter::repeat_with(|| {
        steps.ended(RestoreAnswer::None);
        match steps.next() {
            RestoreStep::Call(RestoreCall::CommittedOffset, wait) => wait.as_millis(),
            other @ (RestoreStep::Call(..) | RestoreStep::Done) => panic!("{other:?}"),
        }
    })
    .take(6)
    .collect();
    assert_eq!(waits, [100, 200, 400, 800, 1000, 1000]);
}

#[test]
fn processing_goes_on_at_the_committed_offset_or_at_the_earliest_and_says_when_that_is_a_loss() {
    for (committed, next, was_out_of_range) in [
        (Some(5), 5, false),
        (Some(3), 3, false),
        (Some(9), 9, false),
        (Some(2), 3, true),
        (Some(10), 3, true),
        (None, 3, false),
    ] {
        let expected = Position {
            next,
            was_out_of_range,
        };
        assert_eq!(position(committed, 3, 9), expected, "{committed:?}");
    }
}

#[test]
fn a_state_in_the_wrong_partition_ends_the_restore() {
    let mut steps = steps();
    give(
        &mut steps,
        &[
            (RestoreCall::CommittedOffset, RestoreAnswer::Committed(None)),
            (
                RestoreCall::EventWatermarks,
                RestoreAnswer::Watermarks(0, 0),
            ),
            (RestoreCall::HighWatermark, RestoreAnswer::Offset(1)),
            (RestoreCall::LastStableOffset, RestoreAnswer::Offset(1)),
            (RestoreCall::PartitionCount, RestoreAnswer::Count(12)),
        ],
    );
    let elsewhere = (0..100)
        .map(|number| format!("a{number}"))
        .find(|id| partition_of_key(id.as_bytes(), 12) != 0)
        .unwrap();
    steps.record(Some(elsewhere.as_bytes()), Some(b"{}"));
    assert_eq!(call(&steps), None);
    let failure = steps.finish().unwrap_err();
    assert!(failure.is_for_good(), "{failure}");
}
