//! Judges whether each project is listed as often as it should be.

use std::time::Duration;

use jiff::Timestamp;
use stackone_processor_core::resync::schedule::{History, Schedule};

use super::super::finding::{Check, Finding};
use super::super::seen::ResyncSeen;

/// Judges the lists of one project. `interval` is the time from one list to the next.
pub(in crate::doctor) fn resync(
    project: &str,
    interval: Duration,
    seen: ResyncSeen,
    now: Timestamp,
) -> Finding {
    if interval.is_zero() {
        let says =
            format!("{project}: accounts are not listed by themselves (resync.interval = 0)");
        return Finding::fine(Check::Resync, says);
    }
    let overdue = Schedule::every(interval).look_back();
    let overdue = now.checked_sub(overdue).unwrap_or(Timestamp::MIN);
    let History { began, completed } = seen.history;
    if let Some(completed) = completed.filter(|completed| *completed >= overdue) {
        let says = format!("{project}: accounts were last listed at {completed:.0}");
        return Finding::fine(Check::Resync, says);
    }
    if !seen.is_known {
        let says = format!("{project}: when accounts were last listed could not be read in time");
        return Finding::unknown(Check::Resync, says);
    }
    let long_ago = began.filter(|began| *began < overdue);
    let says = match (completed, long_ago) {
        (Some(completed), _) => {
            format!(
                "{project}: accounts were last listed at {completed:.0}, more than two intervals ago"
            )
        }
        (None, Some(began)) => {
            format!(
                "{project}: a list of its accounts began at {began:.0}, and none was complete since"
            )
        }
        (None, None) => {
            let says = format!("{project}: no complete list of its accounts is on the topic");
            let finding = Finding::unknown(Check::Resync, says);
            return finding.advising("the first begins within minutes once a processor runs");
        }
    };
    let advice = "if a processor runs: StackOneResyncOverdue in deploy/runbook.md";
    Finding::wrong(Check::Resync, says, advice)
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);

    fn judged(began: Option<&str>, completed: Option<&str>, is_known: bool) -> Finding {
        let at = |time: &str| format!("2026-03-08T{time}:00Z").parse().unwrap();
        let history = History {
            began: began.map(at),
            completed: completed.map(at),
        };
        resync("acme", HOUR, ResyncSeen { history, is_known }, at("15:00"))
    }

    #[test]
    fn a_list_that_is_overdue_is_wrong_and_one_that_is_not_known_is_unknown() {
        for (began, completed, is_known, verdict, says) in [
            (
                Some("14:01"),
                Some("14:02"),
                true,
                Verdict::Fine,
                "2026-03-08T14:02:00Z",
            ),
            (
                Some("12:40"),
                Some("12:46"),
                false,
                Verdict::Fine,
                "last listed",
            ),
            (
                Some("14:58"),
                Some("12:44"),
                true,
                Verdict::Wrong,
                "more than two intervals ago",
            ),
            (
                Some("09:00"),
                None,
                true,
                Verdict::Wrong,
                "none was complete",
            ),
            (
                Some("14:59"),
                None,
                true,
                Verdict::Unknown,
                "no complete list",
            ),
            (None, None, true, Verdict::Unknown, "no complete list"),
            (None, None, false, Verdict::Unknown, "in time"),
        ] {
            let found = judged(began, completed, is_known);
            assert_eq!(found.verdict, verdict, "{found:?}");
            assert!(
                found.says.starts_with("acme: ") && found.says.contains(says),
                "{found:?}"
            );
        }
        let never = ResyncSeen {
            history: History::default(),
            is_known: false,
        };
        let off = resync("acme", Duration::ZERO, never, Timestamp::UNIX_EPOCH);
        assert_eq!(off.verdict, Verdict::Fine);
    }
}
