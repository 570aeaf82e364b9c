use super::*;

const ALLOWED: Duration = Duration::from_secs(10);

/// Runs a transaction of two records, whose calls end as `end` says. Returns the calls and the
/// outcome.
fn run(
    end: impl Fn(ProducerCall, usize) -> Result<(), CallError>,
) -> (Vec<ProducerCall>, Outcome, Duration) {
    let mut steps = TransactionSteps::new(2, ALLOWED, Monotonic::START);
    let (mut calls, mut now): (Vec<ProducerCall>, _) = (Vec::new(), Monotonic::START);
    loop {
        match steps.next() {
            TransactionStep::Done(outcome) => return (calls, outcome, now - Monotonic::START),
            TransactionStep::Call(call) => {
                let before = calls.iter().filter(|made| **made == call).count();
                calls.push(call);
                now += Duration::from_secs(1);
                steps.ended(end(call, before), false, now);
            }
        }
    }
}

#[test]
fn records_are_flushed_before_offsets_are_sent_and_offsets_before_the_commit() {
    let (calls, outcome, _) = run(|_, _| Ok(()));
    let expected = [
        ProducerCall::Begin,
        ProducerCall::Produce(0),
        ProducerCall::Produce(1),
        ProducerCall::Flush,
        ProducerCall::SendOffsets,
        ProducerCall::Commit,
    ];
    assert_eq!(
        (calls.as_slice(), outcome),
        (&expected[..], Outcome::Committed)
    );
}

#[test]
fn a_transaction_that_fails_before_its_commit_is_aborted_unless_its_producer_is_of_no_use() {
    for failing in [
        ProducerCall::Produce(1),
        ProducerCall::Flush,
        ProducerCall::SendOffsets,
    ] {
        for (error, outcome) in [
            (CallError::Other, Outcome::Aborted),
            (CallError::NeedsAbort, Outcome::Aborted),
            (CallError::NotYet, Outcome::Aborted),
            (CallError::Fatal, Outcome::Fatal),
        ] {
            let end = |call, _| if call == failing { Err(error) } else { Ok(()) };
            let (calls, ended, took) = run(end);
            assert_eq!(ended, outcome, "{failing:?} {error:?}");
            assert!(
                !calls.contains(&ProducerCall::Commit),
                "{failing:?} {error:?}"
            );
            assert_eq!(
                calls.contains(&ProducerCall::Abort),
                outcome == Outcome::Aborted
            );
            if error == CallError::NotYet {
                assert!(
                    took >= ALLOWED,
                    "{failing:?} was tried for as long as is allowed"
                );
            }
        }
    }
}

#[test]
fn a_commit_that_timed_out_is_called_again_and_never_aborted() {
    let (calls, outcome, _) = run(|call, before| {
        if call == ProducerCall::Commit && before < 2 {
            Err(CallError::NotYet)
        } else {
            Ok(())
        }
    });
    assert_eq!(outcome, Outcome::Committed);
    assert_eq!(
        calls
            .iter()
            .filter(|call| **call == ProducerCall::Commit)
            .count(),
        3
    );

    for error in [CallError::NotYet, CallError::Other, CallError::Fatal] {
        let end = |call, _| {
            if call == ProducerCall::Commit {
                Err(error)
            } else {
                Ok(())
            }
        };
        let (calls, outcome, _) = run(end);
        assert_eq!(outcome, Outcome::Fatal, "{error:?}");
        assert!(!calls.contains(&ProducerCall::Abort), "{error:?}");
    }
}

#[test]
fn a_commit_that_the_client_refuses_is_aborted_and_an_abort_has_a_time_of_its_own() {
    let (_, outcome, took) = run(|call, before| match call {
        ProducerCall::Commit => Err(CallError::NeedsAbort),
        ProducerCall::Abort if before < 30 => Err(CallError::NotYet),
        ProducerCall::Begin
        | ProducerCall::Produce(_)
        | ProducerCall::Flush
        | ProducerCall::SendOffsets
        | ProducerCall::Abort => Ok(()),
    });
    assert_eq!(outcome, Outcome::Aborted);
    assert!(took > ALLOWED);
    let (_, outcome, took) = run(|call, _| match call {
        ProducerCall::Commit => Err(CallError::NeedsAbort),
        ProducerCall::Abort => Err(CallError::NotYet),
        ProducerCall::Begin
        | ProducerCall::Produce(_)
        | ProducerCall::Flush
        | ProducerCall::SendOffsets => Ok(()),
    });
    assert_eq!(outcome, Outcome::Fatal);
    assert!(took >= ABORT_WITHIN);
}

#[test]
fn where_nothing_could_be_begun_nothing_is_aborted() {
    let (calls, outcome, _) = run(|_, _| Err(CallError::Other));
    assert_eq!(
        (calls.as_slice(), outcome),
        (&[ProducerCall::Begin][..], Outcome::Fatal)
    );
}

#[test]
fn a_process_that_stops_waits_no_longer_than_that_allows() {
    let mut steps = TransactionSteps::new(0, ALLOWED, Monotonic::START);
    steps.ended(Ok(()), true, Monotonic::START);
    steps.ended(
        Err(CallError::NotYet),
        true,
        Monotonic::START + WHEN_STOPPING / 2,
    );
    assert_eq!(steps.next(), TransactionStep::Call(ProducerCall::Flush));
    steps.ended(
        Err(CallError::NotYet),
        true,
        Monotonic::START + WHEN_STOPPING,
    );
    assert_eq!(steps.next(), TransactionStep::Call(ProducerCall::Abort));
}
