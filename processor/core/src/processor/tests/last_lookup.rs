//! Tests that the state of an undecided account has the outcome of its last lookup.

use stackone_link_schemas::{LastLookup, LastOutcome};

use super::*;

fn unavailable() -> Answer {
    Err(ApiError::unavailable("status 503", None))
}

/// Returns the last lookup in each state that was written.
fn written(run: &Run) -> Vec<Option<LastLookup>> {
    let states = run.states.iter();
    let pending = states.map(|state| state.as_ref()?.pending.as_ref());
    pending
        .map(|pending| pending?.last_lookup.clone())
        .collect()
}

fn outcomes(run: &Run) -> Vec<Option<LastOutcome>> {
    let written = written(run).into_iter();
    written.map(|last| last.map(|last| last.outcome)).collect()
}

#[test]
fn the_last_lookup_is_written_by_itself_only_when_its_outcome_changes() {
    let rate_limited = Err(ApiError::RateLimited { retry_after: None });
    let many = std::iter::repeat_with(unavailable).take(3);
    let answers = many
        .chain([rate_limited])
        .chain([found("inactive"), found("active")]);
    let mut run = Run::new(answers);
    run.handle(Input::Consumed(Box::new(webhook(0))));
    run.play_until(3_600);
    let rest: Vec<_> = run.answers.iter().collect();
    assert!(rest.is_empty(), "{rest:?}");
    assert_eq!(
        outcomes(&run),
        [
            Some(LastOutcome::Unavailable),
            Some(LastOutcome::RateLimited),
            Some(LastOutcome::Found),
            None,
        ]
    );
    let inactive = written(&run)[2].clone().unwrap();
    assert_eq!(inactive.status, Some(AccountStatus::Inactive));
    assert!(inactive.at > START);
    let last = run.states.last().unwrap().as_ref().unwrap();
    assert_eq!(last.pending, None, "what is decided is not pending");
}

#[test]
fn what_is_put_aside_after_a_rejection_says_so_with_its_status() {
    let rejected = || Err(ApiError::Rejected { status: 422 });
    let mut run = Run::new(std::iter::repeat_with(rejected).take(3));
    run.handle(Input::Consumed(Box::new(webhook(0))));
    run.play_until(600);
    let first = written(&run).remove(0).unwrap();
    assert_eq!(
        (first.outcome, first.http_status),
        (LastOutcome::Rejected, Some(422))
    );
    assert_eq!(outcomes(&run), [Some(LastOutcome::Rejected), None]);
    let put_aside = (DeadLetterReason::LookupRejected, 1, "status 422".to_owned());
    assert_eq!(run.seen.0, [put_aside]);
}

#[test]
fn an_answer_that_stays_unreadable_is_put_aside_after_five_attempts_over_a_minute() {
    let unreadable = || Err(ApiError::unreadable("not an account"));
    let answers = |count| std::iter::repeat_with(unreadable).take(count);
    let put_aside = (
        DeadLetterReason::LookupUnreadable,
        1,
        "not an account".to_owned(),
    );
    let mut run = Run::new(answers(50));
    run.handle(Input::Consumed(Box::new(webhook(0))));
    run.play_until(59);
    assert_eq!(run.seen.0, []);
    assert!(run.answers.len() <= 45, "{} are left", run.answers.len());
    run.play_until(600);
    assert_eq!(run.seen.0, std::slice::from_ref(&put_aside));

    let mut settings = Arc::into_inner(settings()).unwrap();
    settings.unreadable_time = Duration::ZERO;
    // There is no sixth answer.
    let mut run = Run::with(Arc::new(settings), answers(5));
    run.handle(Input::Consumed(Box::new(webhook(0))));
    run.play_until(600);
    assert!(run.answers.is_empty());
    assert_eq!(run.seen.0, [put_aside]);
}

#[test]
fn a_scheduled_recheck_whose_lookup_fails_is_not_written_for_that() {
    // After the lookups failed for good, a recheck follows after a minute that no record asks for.
    let inactive = std::iter::repeat_with(|| found("inactive")).take(6);
    let fails = [unavailable(), found("inactive")];
    let mut run = Run::new(inactive.chain(fails));
    run.handle(Input::Consumed(Box::new(webhook(0))));
    run.play_until(60);
    let before = run.states.len();
    assert_eq!(run.states.last().unwrap().as_ref().unwrap().version, 1);
    run.play_until(200);
    assert_eq!(outcomes(&run)[before..], [None], "its next step alone");
}
