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
        let mut later = webhook(offset);
        let date = START + Duration::from_secs(seconds);
        let value =
            format!(r#"{{"event":"account.updated","account_id":"a","event_date":"{date}"}}"#);
        later.value = value.into_bytes();
        later.timestamp_ms = date.as_millisecond();
        run.handle(Input::Consumed(Box::new(later)));
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
