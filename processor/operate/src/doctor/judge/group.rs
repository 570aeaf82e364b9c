//! Judges the offsets and the lag of the consumer group.

use stackone_link_process::counted::counted;

use super::super::finding::{Check, Finding};
use super::super::seen::{GroupSeen, Place, Unseen};

/// Judges whether the topic still holds everything that the group has not passed, and how much that
/// is.
pub(in crate::doctor) fn group(name: &str, seen: &Result<GroupSeen, Unseen>) -> Vec<Finding> {
    let seen = match seen {
        Ok(seen) => seen,
        // The check of access reports it.
        Err(Unseen::Forbidden) => {
            return vec![Finding::unknown(
                Check::Group,
                format!("{name} may not be seen"),
            )];
        }
        Err(unseen) => {
            let what = format!("{name}: its offsets cannot be asked for");
            return vec![unseen.wrong(
                Check::Group,
                &what,
                "try again; the brokers' coordinator may be starting",
            )];
        }
    };
    let lost = seen.places.iter().filter(|place| !place.is_in_range());
    let mut findings: Vec<Finding> = lost.map(|place| out_of_range(name, *place)).collect();
    if findings.is_empty() {
        findings.push(progress(name, seen));
    }
    findings
}

fn out_of_range(name: &str, place: Place) -> Finding {
    let Place {
        partition,
        committed,
        low,
        high,
    } = place;
    let next = committed.unwrap_or_default();
    Finding::wrong(
        Check::Group,
        format!(
            "{name} goes on at offset {next} of partition {partition}, but the topic holds {low} to {high}"
        ),
        "records expired before they were read, or the topic was made again: a processor that runs resyncs at once, which \
         finds what was missed; where resync.interval is 0, run `stackone-processor resync`",
    )
}

fn progress(name: &str, seen: &GroupSeen) -> Finding {
    let lag: i64 = seen.places.iter().map(|place| place.lag()).sum();
    let waiting = match lag {
        0 => "it has passed every record".to_owned(),
        records => format!("{} still to be read", counted(records, "record")),
    };
    match &seen.members {
        Ok(0) => {
            let finding = Finding::fine(
                Check::Group,
                format!("{name} has no member: no processor runs; {waiting}"),
            );
            finding.advising("nothing, if that is meant; otherwise start a processor")
        }
        Ok(members) => Finding::fine(
            Check::Group,
            format!("{name} has {}; {waiting}", counted(*members, "member")),
        ),
        Err(_) => Finding::fine(
            Check::Group,
            format!("{name}: its members cannot be seen; {waiting}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::*;

    fn place(committed: Option<i64>, low: i64, high: i64) -> Place {
        Place {
            partition: 3,
            committed,
            low,
            high,
        }
    }

    fn judged(members: Result<usize, Unseen>, places: Vec<Place>) -> Vec<Finding> {
        group("g", &Ok(GroupSeen { members, places }))
    }

    #[test]
    fn what_waits_is_counted_from_what_the_topic_still_holds() {
        for (places, says) in [
            (
                vec![place(Some(9), 4, 9), place(None, 0, 0)],
                "passed every record",
            ),
            (
                vec![place(Some(4), 4, 9), place(None, 2, 9)],
                "12 records still to be read",
            ),
        ] {
            let found = judged(Ok(2), places);
            assert!(
                found[0].says.contains("2 members") && found[0].says.contains(says),
                "{found:?}"
            );
            assert_eq!((found.len(), found[0].verdict), (1, Verdict::Fine));
        }
    }

    #[test]
    fn an_offset_that_the_topic_does_not_hold_is_wrong() {
        for lost in [place(Some(3), 4, 9), place(Some(10), 4, 9)] {
            let found = judged(Ok(1), vec![place(Some(5), 4, 9), lost]);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(
                found[0].is_wrong() && found[0].says.contains("partition 3"),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_group_without_members_is_told_and_one_that_may_not_be_seen_is_unknown() {
        let nobody = judged(Ok(0), vec![place(Some(4), 4, 9)]);
        assert!(
            nobody[0]
                .says
                .contains("no processor runs; 5 records still to be read"),
            "{nobody:?}"
        );
        assert_eq!(nobody[0].verdict, Verdict::Fine);
        assert_eq!(
            judged(Err(Unseen::Unsupported), Vec::new())[0].verdict,
            Verdict::Fine
        );
        assert_eq!(
            group("g", &Err(Unseen::Forbidden))[0].verdict,
            Verdict::Unknown
        );
        assert!(group("g", &Err(Unseen::failed("late")))[0].is_wrong());
    }
}
