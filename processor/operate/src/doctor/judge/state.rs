//! Judges whether a processor could restore from the state topic.

use jiff::Timestamp;
use stackone_link_process::counted::counted;

use super::super::finding::{Check, Finding};
use super::super::seen::{StateSeen, Unseen};
use super::super::survey::{At, Oddity};

/// The most oddities that are reported one by one.
const TOLD: usize = 5;

/// Judges the records of the state topic.
pub(in crate::doctor) fn state(topic: &str, seen: &Result<StateSeen, Unseen>) -> Vec<Finding> {
    let seen = match seen {
        Ok(seen) => seen,
        // The checks of topics and of access report these.
        Err(Unseen::Forbidden | Unseen::Missing) => {
            return vec![Finding::unknown(
                Check::State,
                format!("{topic} cannot be read"),
            )];
        }
        Err(unseen) => {
            let what = format!("{topic} cannot be read");
            let advice = "see the leaders of its partitions and the brokers' logs; until it can be read nothing is restored";
            return vec![unseen.wrong(Check::State, &what, advice)];
        }
    };
    let odd = seen.survey.oddities();
    let told = odd.iter().take(TOLD);
    let mut findings: Vec<Finding> = told
        .map(|(account, at, oddity)| {
            let account = account.map_or("", |account| account.as_str());
            judged(topic, account, *at, oddity, seen.survey.strangers())
        })
        .collect();
    if odd.len() > TOLD {
        let says = format!("{topic}: {} more states like these", odd.len() - TOLD);
        findings.push(Finding::wrong(Check::State, says, "see above"));
    }
    if findings.is_empty() || !seen.is_complete {
        findings.push(extent(topic, seen));
    }
    findings
}

fn judged(topic: &str, account: &str, at: At, oddity: &Oddity, strangers: u64) -> Finding {
    let At { partition, offset } = at;
    let place = format!("{topic}, partition {partition}, offset {offset}");
    let (says, advice) = match oddity {
        Oddity::Unreadable(error) => (
            format!("{place}: the state of account {account} cannot be read: {error}"),
            "a processor ends when it restores this. It was written by a newer version, or is damaged: run the version \
             that wrote it, or write the state anew",
        ),
        Oddity::WrongPartition => (
            format!("{place}: the state of account {account} belongs in another partition"),
            "a processor ends when it restores this. Partition counts were changed: follow \"Changing partition counts\" in \
             deploy/runbook.md, which copies the states to a new topic, so that no version is used twice",
        ),
        Oddity::NoAccount => (
            format!(
                "{place}: the last of {} whose key is no account id",
                counted(strangers, "record")
            ),
            "a processor passes them over. Find out who else may write to this topic, and forbid it",
        ),
    };
    Finding::wrong(Check::State, says, advice)
}

fn extent(topic: &str, seen: &StateSeen) -> Finding {
    let survey = &seen.survey;
    let records = counted(survey.records, "record");
    let accounts = counted(survey.accounts(), "account");
    if !seen.is_complete {
        let says = format!("{topic}: read {records} in the time given, and not to the end");
        return Finding::unknown(Check::State, says).advising("give it more: --timeout 5m");
    }
    let newest = survey
        .newest_ms
        .and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let newest = newest.map_or_else(String::new, |at| format!("; the newest is of {at:.0}"));
    let says = format!("{topic}: {records} of {accounts}, all of them readable{newest}");
    Finding::fine(Check::State, says)
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::super::super::survey::tests::record;
    use super::super::super::survey::{StateRecord, Survey};
    use super::*;

    const READABLE: &[u8] = br#"{"account_id":"a","state":"active","version":1}"#;

    fn judged(records: &[(Option<&str>, &[u8])], is_complete: bool) -> Vec<Finding> {
        let mut survey = Survey::of(1);
        for (offset, (key, value)) in (0..).zip(records) {
            survey.take(record(offset, *key, Some(value)));
        }
        state(
            "t",
            &Ok(StateSeen {
                survey,
                is_complete,
            }),
        )
    }

    #[test]
    fn a_topic_that_can_be_restored_from_is_fine_with_what_it_holds() {
        let found = judged(&[(Some("a"), READABLE), (Some("a"), READABLE)], true);
        assert_eq!((found.len(), found[0].verdict), (1, Verdict::Fine));
        let says =
            "2 records of 1 account, all of them readable; the newest is of 1970-01-01T00:00:01Z";
        assert!(found[0].says.contains(says), "{found:?}");
        assert!(judged(&[], true)[0].says.ends_with("readable"));
    }

    #[test]
    fn garbage_is_wrong_and_named_with_its_place_the_first_five_one_by_one() {
        let found = judged(&[(Some("a"), b"{"), (Some("no account!"), b"x")], true);
        let told: Vec<_> = found.iter().map(|finding| finding.says.as_str()).collect();
        assert!(
            told[0].contains("partition 0, offset 0: the state of account a cannot be read"),
            "{told:?}"
        );
        assert!(
            told[1].contains("the last of 1 record whose key is no account id"),
            "{told:?}"
        );
        assert!(found.iter().all(Finding::is_wrong));
        let keys: Vec<String> = (0..7).map(|number| format!("a{number}")).collect();
        let records: Vec<_> = keys
            .iter()
            .map(|key| (Some(key.as_str()), b"{".as_slice()))
            .collect();
        let found = judged(&records, true);
        assert_eq!(found.len(), 6);
        assert!(found[5].says.contains("2 more"), "{found:?}");
    }

    #[test]
    fn a_state_in_the_wrong_partition_is_told_with_the_procedure_that_copies_the_states() {
        let mut survey = Survey::of(2);
        for partition in [0, 1] {
            let at = At {
                partition,
                offset: 0,
            };
            survey.take(StateRecord {
                at,
                ..record(0, Some("a"), Some(READABLE))
            });
        }
        let is_complete = true;
        let found = state(
            "t",
            &Ok(StateSeen {
                survey,
                is_complete,
            }),
        );
        let [wrong] = &found[..] else {
            panic!("{found:?}");
        };
        let advice = wrong.advice.as_deref().unwrap_or_default();
        assert!(
            advice.contains("\"Changing partition counts\"")
                && advice.contains("copies the states"),
            "{advice}"
        );
    }

    #[test]
    fn what_was_not_read_to_the_end_is_unknown_but_garbage_in_it_is_told() {
        let found = judged(&[(Some("a"), READABLE)], false);
        assert_eq!(found[0].verdict, Verdict::Unknown);
        let found = judged(&[(Some("a"), b"{")], false);
        assert!(found[0].is_wrong() && found[1].verdict == Verdict::Unknown);
    }

    #[test]
    fn a_state_topic_that_is_missing_or_forbidden_is_told_elsewhere_and_unknown_here() {
        for (unseen, verdict) in [
            (Unseen::Missing, Verdict::Unknown),
            (Unseen::Forbidden, Verdict::Unknown),
            (Unseen::failed("late"), Verdict::Wrong),
        ] {
            assert_eq!(state("t", &Err(unseen))[0].verdict, verdict);
        }
    }
}
