//! Judges dead letters that no redrive has put back.

use stackone_link_process::counted::counted;

use super::super::finding::{Check, Finding};
use super::super::seen::{LettersSeen, Unseen};
use crate::redrive::Summary;

/// Judges the content of the dead-letter topic.
pub(in crate::doctor) fn letters(topic: &str, seen: &Result<LettersSeen, Unseen>) -> Vec<Finding> {
    let seen = match seen {
        Ok(seen) => seen,
        Err(unseen) => return vec![not_seen(topic, unseen)],
    };
    let waiting = seen.summary.redriven;
    let mut findings = Vec::new();
    if waiting > 0 {
        let records = counted(waiting, "record");
        let says = format!("{topic}: {records} put aside, and not put back");
        let advice = "`stackone-processor redrive --dry-run` lists them with their reasons. Remove the cause, then \
                      `stackone-processor redrive --reason REASON` puts them back";
        findings.push(Finding::wrong(Check::DeadLetters, says, advice));
    }
    findings.extend(stay(topic, &seen.summary));
    if !seen.is_complete {
        let says = format!("{topic} was not read to its end in the time given");
        let unknown = Finding::unknown(Check::DeadLetters, says);
        findings.push(unknown.advising("give it more: --timeout 5m"));
    } else if findings.is_empty() {
        let says = format!("{topic}: no record waits to be put back");
        findings.push(Finding::fine(Check::DeadLetters, says));
    }
    findings
}

fn not_seen(topic: &str, unseen: &Unseen) -> Finding {
    match unseen {
        // The processor itself only writes to this topic.
        Unseen::Forbidden => {
            let says = format!("{topic} may not be read by who runs this");
            Finding::unknown(Check::DeadLetters, says).advising(
                "as somebody who may: `stackone-processor redrive --dry-run` lists what was put aside",
            )
        }
        // The check of topics reports it.
        Unseen::Missing => Finding::unknown(Check::DeadLetters, format!("{topic} cannot be read")),
        Unseen::Unsupported | Unseen::Failed { .. } => unseen.wrong(
            Check::DeadLetters,
            &format!("{topic} cannot be read"),
            "see the leaders of its partitions and the brokers' logs",
        ),
    }
}

/// Returns findings about records that no redrive puts back, or only one that names their reason.
fn stay(topic: &str, summary: &Summary) -> impl Iterator<Item = Finding> {
    let stay = [
        (
            summary.left.malformed,
            "with a malformed event, put back only where that is asked for",
        ),
        (
            summary.expired,
            "whose bytes had expired, which cannot be put back; a resync finds what came of it",
        ),
        (
            summary.left.not_a_dead_letter,
            "without the headers of a dead letter; find out who else may write to this topic",
        ),
    ];
    let stay = stay.into_iter().filter(|(count, _)| *count > 0);
    stay.map(move |(count, what)| {
        let records = counted(count, "record");
        Finding::note(Check::DeadLetters, format!("{topic}: {records} {what}"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::*;
    use crate::redrive::LeftBehind;

    fn judged(summary: Summary, is_complete: bool) -> Vec<Verdict> {
        let seen = LettersSeen {
            summary,
            is_complete,
        };
        let found = letters("t", &Ok(seen));
        found.iter().map(|finding| finding.verdict).collect()
    }

    #[test]
    fn letters_that_could_be_put_back_are_wrong_and_those_that_stay_are_a_note() {
        let waiting = Summary {
            read: 10,
            redriven: 10,
            ..Summary::default()
        };
        assert_eq!(judged(waiting, true), [Verdict::Wrong]);
        let stay = Summary {
            read: 5,
            done_before: 2,
            expired: 1,
            left: LeftBehind {
                malformed: 2,
                ..LeftBehind::default()
            },
            ..Summary::default()
        };
        assert_eq!(judged(stay, true), [Verdict::Note, Verdict::Note]);
        let done = Summary {
            read: 3,
            done_before: 3,
            ..Summary::default()
        };
        assert_eq!(judged(done, true), [Verdict::Fine]);
        assert_eq!(judged(done, false), [Verdict::Unknown]);
        assert_eq!(judged(waiting, false), [Verdict::Wrong, Verdict::Unknown]);
    }

    #[test]
    fn a_topic_that_cannot_be_read_is_told_once() {
        let missing = letters("t", &Err(Unseen::Missing));
        assert_eq!(missing[0].verdict, Verdict::Unknown);
        let silent = Err(Unseen::failed("no answer"));
        assert!(letters("t", &silent)[0].is_wrong());
    }

    #[test]
    fn with_no_more_acls_than_the_processor_needs_dead_letters_are_unknown_and_not_wrong() {
        let told = letters("t", &Err(Unseen::Forbidden));
        assert_eq!(told[0].verdict, Verdict::Unknown);
        let advice = told[0].advice.as_deref().unwrap_or_default();
        assert!(advice.contains("redrive --dry-run"), "{advice}");
    }
}
