//! Tests answers that are older than the webhook.

use super::*;

/// The account as the API showed it some seconds ago: with another label, and changed before the
/// webhook.
fn stale(status: &str) -> Answer {
    let mut answer = found(status);
    if let Ok(Lookup::Found(account)) = &mut answer {
        account.snapshot.updated_at = Some(START - Duration::from_secs(1));
        account.snapshot.label = Some("before".to_owned());
    }
    answer
}

/// A webhook of so many seconds after the start.
fn webhook_at(offset: i64, seconds: u64) -> Consumed {
    let date = START + Duration::from_secs(seconds);
    let value = format!(r#"{{"event":"account.updated","account_id":"a","event_date":"{date}"}}"#);
    Consumed {
        timestamp_ms: date.as_millisecond(),
        value: value.into_bytes(),
        ..webhook(offset)
    }
}

fn phases(run: &Run) -> Vec<stackone_link_schemas::AccountPhase> {
    let states = run.states.iter().flatten();
    states.map(|state| state.state).collect()
}

#[test]
fn a_change_that_a_late_answer_hides_is_told_some_seconds_later_without_another_webhook() {
    use stackone_link_schemas::AccountPhase::{Active, Degraded};
    let mut run = Run::new([stale("active"), found("error")]);
    run.handle(Input::Consumed(Box::new(webhook(0))));
    run.play_until(10);
    assert_eq!(phases(&run), [Active, Degraded]);
}

#[test]
fn a_webhook_that_comes_while_a_late_answer_is_doubted_is_itself_looked_at_again() {
    use stackone_link_schemas::AccountPhase::{Active, Degraded};
    let stale = || stale("error");
    // The first webhook degrades the account, the second is doubted, and the third, a second later,
    // is as late.
    let back = || found("active");
    let answers = [back(), found("error"), stale(), stale(), back(), back()];
    let mut run = Run::new(answers);
    run.handle(Input::Consumed(Box::new(webhook(0))));
    run.play_until(1);
    for (offset, seconds) in [(1, 2), (2, 3), (3, 4)] {
        run.handle(Input::Consumed(Box::new(webhook_at(offset, seconds))));
        run.play_until(seconds);
    }
    run.play_until(30);
    let phases = phases(&run);
    assert_eq!(
        (phases.first(), phases.last()),
        (Some(&Active), Some(&Active))
    );
    assert!(phases.contains(&Degraded));
}

#[test]
fn a_webhook_that_comes_at_the_end_of_an_earlier_ones_grace_is_itself_looked_at_again() {
    use stackone_link_schemas::AccountPhase::Active;
    let gone = std::iter::repeat_with(|| Ok(Lookup::NotFound)).take(20);
    let mut run = Run::new(gone);
    run.handle(Input::Consumed(Box::new(webhook(0))));
    // A second before the whole activation grace is over.
    run.play_until(29);
    run.handle(Input::Consumed(Box::new(webhook_at(1, 29))));
    run.play_until(31);
    run.answers = std::iter::repeat_with(|| found("active")).take(3).collect();
    run.play_until(60);
    assert_eq!(phases(&run).last(), Some(&Active));
}
