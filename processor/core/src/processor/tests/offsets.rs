//! Tests which offsets are sent with transactions: a record is passed once it is decided, put aside
//! or written into the state of its account.

use super::*;

#[test]
fn a_transaction_passes_the_records_that_it_decides_or_puts_aside() {
    let mut run = Run::new([found("active")]);
    run.handle(Input::Consumed(Box::new(webhook(0))));
    run.play_until(1);
    assert_eq!(run.offsets.last(), Some(&(0, 1)));
    let without_account = Consumed {
        key: None,
        value: b"{}".to_vec(),
        ..webhook(1)
    };
    run.handle(Input::Consumed(Box::new(without_account)));
    run.play_until(2);
    assert_eq!(run.offsets.last(), Some(&(0, 2)));
}

#[test]
fn records_that_wait_for_their_answer_are_passed_once_their_state_has_them() {
    let mut run = Run::new([]);
    run.is_silent = true;
    run.handle(Input::Consumed(Box::new(webhook(0))));
    run.handle(Input::Consumed(Box::new(webhook(1))));
    assert!(run.offsets.is_empty());
    run.play_until(1);
    assert_eq!(run.offsets.last(), Some(&(0, 2)));
    let state = run.states.last().and_then(Option::as_ref);
    assert!(state.is_some_and(|state| state.pending.is_some()));
}
