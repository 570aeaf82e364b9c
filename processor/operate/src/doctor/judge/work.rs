//! Judges work that waits for too long: undecided accounts, and held unlinks.

use std::time::Duration;

use jiff::Timestamp;
use stackone_link_process::counted::counted;
use stackone_processor_core::api_gate::Projects;

use super::super::finding::{Check, Finding};
use super::super::seen::{StateSeen, Unseen};

/// The bound of the alert `StackOneProcessorOldestPending`: no grace period is longer than 10
/// minutes.
const LONG: Duration = Duration::from_secs(15 * 60);
/// How long an unlink that is due may take.
const LOOKUP: Duration = Duration::from_secs(30);

/// Judges the undecided work of states. The check of the state topic reports one that cannot be
/// read.
pub(in crate::doctor) fn work(
    projects: &Projects,
    seen: &Result<StateSeen, Unseen>,
    now: Timestamp,
) -> Vec<Finding> {
    let Ok(seen) = seen else {
        return vec![Finding::unknown(Check::Work, "what waits cannot be seen")];
    };
    let before = |wait: Duration| now.checked_sub(wait).unwrap_or(Timestamp::MIN);
    let held = seen.survey.held(before(LOOKUP), projects);
    let mut findings: Vec<Finding> = held
        .into_iter()
        .map(|(project, accounts)| held_back(project, accounts))
        .collect();
    let undecided = seen.survey.undecided();
    let says = |oldest: Timestamp| {
        let accounts = counted(undecided.accounts, "account");
        format!("{accounts} still to be decided, the first since {oldest:.0}")
    };
    match undecided.oldest {
        Some(oldest) if oldest < before(LONG) => {
            let advice = "if a processor runs: StackOneProcessorOldestPending in deploy/runbook.md; `stackone-processor \
                          state list --json | jq -c 'select(.pending)'` shows which wait";
            findings.push(Finding::wrong(Check::Work, says(oldest), advice));
        }
        Some(_) | None if !seen.is_complete => {
            let says = "what waits was not looked at to the end";
            findings.push(Finding::unknown(Check::Work, says));
        }
        Some(oldest) => {
            findings.push(Finding::fine(Check::Work, says(oldest)));
        }
        None if findings.is_empty() => {
            findings.push(Finding::fine(Check::Work, "no account waits to be decided"));
        }
        None => {}
    }
    findings
}

fn held_back(project: &str, accounts: usize) -> Finding {
    Finding::wrong(
        Check::Work,
        format!(
            "{} of project {project} answered 404 for the whole of vanish_grace, without being unlinked",
            counted(accounts, "account")
        ),
        format!(
            "`stackone-processor unlinks list --project {project}` shows them. Make sure that API key and base_url are the \
             project's own; only where the accounts are really gone, `stackone-processor unlinks release {project}`"
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use stackone_processor_core::api_gate::Project;

    use super::super::super::finding::Verdict;
    use super::super::super::survey::Survey;
    use super::super::super::survey::tests::record;
    use super::*;

    fn now() -> Timestamp {
        "2026-03-08T15:00:00Z".parse().unwrap()
    }

    /// Returns the state of an account that waits since `since`, with a grace period of this kind
    /// and end.
    fn state(account: &str, since: &str, grace: Option<(&str, &str)>) -> String {
        let grace = grace.map(|(kind, deadline)| {
            serde_json::json!({"kind": kind, "trigger": "webhook", "since": since, "deadline": deadline, "answers": 1})
        });
        serde_json::json!({
            "account_id": account, "project_id": "acme", "state": "active", "version": 1,
            "pending": {"trigger": "webhook", "causes": [], "total": 1, "since": since, "grace": grace},
        })
        .to_string()
    }

    fn judged(states: &[(&str, String)], is_complete: bool) -> Vec<Finding> {
        let mut survey = Survey::of(1);
        for (offset, (account, state)) in (0..).zip(states) {
            survey.take(record(offset, Some(account), Some(state.as_bytes())));
        }
        assert_eq!(survey.oddities(), []);
        let seen = StateSeen {
            survey,
            is_complete,
        };
        work(&configured(Some("acme")), &Ok(seen), now())
    }

    fn configured(id: Option<&str>) -> Projects {
        let project = Project {
            id: id.map(str::to_owned),
            requests_per_minute: NonZeroU32::MIN,
        };
        Projects::new(vec![project])
    }

    #[test]
    fn unlinks_that_are_due_and_not_done_are_wrong_with_what_to_check_first() {
        let due = Some(("vanish", "2026-03-08T14:59:00Z"));
        let vanished = |account| (account, state(account, "2026-03-08T14:49:00Z", due));
        let found = judged(&[vanished("a"), vanished("b")], true);
        let [held] = &found[..] else {
            panic!("{found:?}");
        };
        assert!(held.is_wrong());
        assert!(
            held.says
                .starts_with("2 accounts of project acme answered 404")
        );
        let advice = held.advice.as_deref().unwrap_or_default();
        let (checked, released) = (advice.find("API key"), advice.find("release acme"));
        assert!(checked.is_some() && checked < released, "{advice}");
        let doubted = Some(("vanish", "2026-03-08T15:09:00Z"));
        let doubted = ("a", state("a", "2026-03-08T14:59:00Z", doubted));
        assert_eq!(judged(&[doubted], true)[0].verdict, Verdict::Fine);
    }

    #[test]
    fn what_is_held_is_told_by_the_name_by_which_it_is_released() {
        let due = Some(("vanish", "2026-03-08T14:59:00Z"));
        let account = state("a", "2026-03-08T14:49:00Z", due);
        let mut survey = Survey::of(1);
        survey.take(record(0, Some("a"), Some(account.as_bytes())));
        let seen = Ok(StateSeen {
            survey,
            is_complete: true,
        });
        let held = work(&configured(None), &seen, now());
        let advice = held[0].advice.as_deref().unwrap_or_default();
        assert!(advice.contains("unlinks release default"), "{advice}");
    }

    #[test]
    fn an_account_that_waits_for_too_long_is_wrong_and_one_that_waits_is_fine() {
        for (since, verdict) in [
            ("2026-03-08T14:44:00Z", Verdict::Wrong),
            ("2026-03-08T14:50:00Z", Verdict::Fine),
        ] {
            let young = ("b", state("b", "2026-03-08T14:59:59Z", None));
            let found = judged(&[("a", state("a", since, None)), young], true);
            assert_eq!((found.len(), found[0].verdict), (1, verdict), "{found:?}");
            let says = format!("2 accounts still to be decided, the first since {since}");
            assert_eq!(found[0].says, says);
        }
        assert_eq!(judged(&[], true)[0].verdict, Verdict::Fine);
        assert_eq!(judged(&[], false)[0].verdict, Verdict::Unknown);
        assert_eq!(
            work(&configured(None), &Err(Unseen::Missing), now())[0].verdict,
            Verdict::Unknown
        );
    }
}
