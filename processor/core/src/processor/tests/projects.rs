//! Tests triggers of one account that name two projects. Until a lookup succeeds, the account
//! belongs to neither.

use stackone_link_schemas::{ACCOUNT_LISTED_TYPE, CloudEvent};
use stackone_link_wire::RecordHeaders;
use uuid::Uuid;

use super::*;

/// Returns the settings of the projects `one` and `two`. Their budgets are so small that no lookup
/// begins before all records are there.
fn two_projects() -> DecisionSettings {
    let mut settings = Arc::into_inner(settings()).unwrap();
    let project = |id: &str| Project {
        id: Some(id.to_owned()),
        requests_per_minute: NonZeroU32::new(60).unwrap(),
    };
    settings.projects = Arc::new(Projects::new(vec![project("one"), project("two")]));
    settings
}

fn of_project(project: &str, offset: i64) -> Consumed {
    let value = format!(
        r#"{{"event":"account.created","account_id":"a","project_id":"{project}","event_date":"{START}"}}"#
    );
    Consumed {
        value: value.into_bytes(),
        ..webhook(offset)
    }
}

fn listed(project: &str, offset: i64) -> Consumed {
    let run = Uuid::from_u128(1);
    let value =
        format!(r#"{{"run":"{run}","account_id":"a","project_id":"{project}","status":"active"}}"#);
    let headers = RecordHeaders::of(CloudEvent {
        id: run,
        event_type: ACCOUNT_LISTED_TYPE.to_owned(),
        source: "/stackone".to_owned(),
        subject: None,
        time: None,
        dataschema: None,
    });
    Consumed {
        value: value.into_bytes(),
        headers: Some(headers),
        ..webhook(offset)
    }
}

/// Returns the version and the project in the last state that was written.
fn known(run: &Run) -> (u64, Option<&str>) {
    let state = run.states.last().unwrap().as_ref().unwrap();
    (state.version, state.project_id.as_deref())
}

#[test]
fn a_trigger_that_waits_for_another_projects_is_not_overtaken() {
    let settings = Arc::new(two_projects());
    let mut run = Run::with(settings, [found("active"), found("active")]);
    for (offset, project) in (0..).zip(["one", "two", "one"]) {
        run.handle(Input::Consumed(Box::new(of_project(project, offset))));
    }
    assert!(run.asked.is_empty());
    run.play_until(60);
    assert_eq!(run.asked, [0, 0]);
    assert_eq!(known(&run), (1, Some("one")));
    // Were the third taken in first, the second would be a replay.
    let detail = "the account belongs to another project".to_owned();
    assert_eq!(run.seen.0, [(DeadLetterReason::ProjectMismatch, 1, detail)]);
}

#[test]
fn what_another_project_lists_waits_and_is_looked_up_with_its_own_key() {
    let mut settings = two_projects();
    settings.periods.activation_grace = Duration::ZERO;
    let answers = [Ok(Lookup::NotFound), found("active")];
    let mut run = Run::with(Arc::new(settings), answers);
    for record in [of_project("one", 0), listed("two", 1)] {
        run.handle(Input::Consumed(Box::new(record)));
    }
    run.play_until(60);
    assert_eq!(run.asked, [0, 1]);
    assert_eq!(known(&run), (1, Some("two")));
    assert_eq!(run.seen.0, []);
}
