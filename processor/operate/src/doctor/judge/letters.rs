//! Dead letters that nobody has put back.

use stackone_link_process::counted::counted;

use super::super::finding::{Check, Finding};
use super::super::seen::{LettersSeen, Unseen};
use crate::redrive::Summary;

/// What lies on the dead-letter topic.
pub(in crate::doctor) fn letters(topic: &str, seen: &Result<LettersSeen, Unseen>) -> Vec<Finding> {
    let seen = match seen {
        Ok(seen) => seen,
        // The processor itself only writes to it.
        Err(Unseen::Forbidden) => {
            let says = format!("{topic} may not be read by who runs this");
            let finding = Finding::unknown(Check::DeadLetters, says);
            return vec![finding.advising(
                "as somebody who may: `stackone-processor redrive --dry-run` lists what was put aside",
            )];
        }
        // Told as a topic that is missing.
        Err(Unseen::Missing) => {
            return vec![Finding::unknown(
                Check::DeadLetters,
                format!("{topic} cannot be read"),
            )];
        }
        Err(unseen) => {
            let advice = "see the leaders of its partitions and the brokers' logs";
            return vec![unseen.wrong(
                Check::DeadLetters,
                &format!("{topic} cannot be read"),
                advice,
            )];
        }
    };
    let Summary {
        redriven: waiting,
        expired,
        left,
        ..
    } = seen.summary;
    let mut findings = Vec::new();
    if waiting > 0 {
        let says = format!(
            "{topic}: {} put aside, and not put back",
            counted(waiting, "record")
        );
        let advice = "`stackone-processor redrive --dry-run` lists them with their reasons. Remove the cause, then \
                      `stackone-processor redrive --reason REASON` puts them back";
        findings.push(Finding::wrong(Check::DeadLetters, says, advice));
    }
    let stay = [
        (
            left.malformed,
            "with a malformed event, put back only where that is asked for",
        ),
        (
            expired,
            "whose bytes had expired, which cannot be put back; a resync finds what came of it",
        ),
        (
            left.not_a_dead_letter,
            "without the headers of a dead letter; find out who else may write to this topic",
        ),
    ];
    let stay = stay.into_iter().filter(|(count, _)| *count > 0);
    findings.extend(stay.map(|(count, what)| {
        Finding::note(
            Check::DeadLetters,
            format!("{topic}: {} {what}", counted(count, "record")),
        )
    }));
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
