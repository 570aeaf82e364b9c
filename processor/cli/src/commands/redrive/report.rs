//! The output of a redrive, in words and as JSON. Pure.

use jiff::Timestamp;
use serde::Serialize;

use stackone_link_process::counted::counted;
use stackone_processor_core::event::intake::Consumed;
use stackone_processor_operate::redrive::{
    Left, Mode, Passed, RedriveVerdict, Summary, dead_letter,
};

use crate::escaped::escaped;

/// A dead letter and what the redrive does with it.
#[derive(Debug, Serialize)]
pub(super) struct LetterReport<'a> {
    /// `redrive`, `expired`, `outdated` or `left`.
    verdict: &'static str,
    partition: i32,
    offset: i64,
    account: Option<String>,
    reason: &'a str,
    detail: &'a str,
    attempts: u32,
    redrives: u32,
    first_seen: Timestamp,
    last_seen: Timestamp,
}

impl<'a> LetterReport<'a> {
    /// Returns the report of a record; `None` where it is no dead letter, was dealt with before, or
    /// is not selected.
    pub(super) fn of(record: &'a Consumed, verdict: RedriveVerdict) -> Option<Self> {
        let verdict = match verdict {
            RedriveVerdict::Redrive => "redrive",
            RedriveVerdict::Passed(Passed::Expired) => "expired",
            RedriveVerdict::Passed(Passed::Outdated) => "outdated",
            RedriveVerdict::Left(Left::Malformed) => "left",
            RedriveVerdict::Done
            | RedriveVerdict::Marker
            | RedriveVerdict::Left(Left::NotAskedFor | Left::NotADeadLetter) => return None,
        };
        let (headers, letter) = dead_letter(record)?;
        let key = record.key.as_deref();
        Some(Self {
            verdict,
            partition: record.partition,
            offset: record.offset,
            account: key.map(|key| String::from_utf8_lossy(key).into_owned()),
            reason: letter.reason.as_str(),
            detail: &letter.detail,
            attempts: letter.attempts,
            redrives: headers.redrive.as_ref().map_or(0, |one| one.redrives),
            first_seen: letter.first_seen,
            last_seen: letter.last_seen,
        })
    }

    /// Returns one line of text for a person.
    pub(super) fn line(&self) -> String {
        let Self {
            verdict,
            partition,
            offset,
            account,
            reason,
            detail,
            attempts,
            redrives,
            first_seen,
            last_seen,
        } = self;
        let account = escaped(account.as_deref().unwrap_or("-"));
        let (reason, detail) = (escaped(reason), escaped(detail));
        format!(
            "{verdict:8}  {partition}/{offset}  account {account}  {reason} ({detail})  lookups {attempts}, redrives \
             {redrives}, first seen {first_seen}, put aside {last_seen}"
        )
    }
}

/// The totals of a run.
#[derive(Debug, Serialize)]
pub(super) struct RunReport {
    dry_run: bool,
    /// Whether the run read everything that was there when it began.
    complete: bool,
    #[serde(flatten)]
    summary: Summary,
}

impl RunReport {
    pub(super) fn new(mode: Mode, complete: bool, summary: Summary) -> Self {
        Self {
            dry_run: mode == Mode::DryRun,
            complete,
            summary,
        }
    }

    /// Returns the totals as lines of text.
    pub(super) fn lines(&self) -> Vec<String> {
        let Summary {
            read,
            redriven,
            done_before,
            expired,
            outdated,
            left,
        } = self.summary;
        let what = if self.dry_run {
            "dry run: would put back"
        } else {
            "put back"
        };
        let mut lines = vec![format!(
            "{what} {redriven} of {}",
            counted(read, "dead letter")
        )];
        let mut tell = |count: u64, what: &str| {
            if count > 0 {
                lines.push(format!("  {count} {what}"));
            }
        };
        tell(done_before, "dealt with by earlier redrives");
        tell(
            expired,
            "expired: the bytes are gone, so no redrive can put that back. What it would have led to is found by: \
             stackone-processor resync",
        );
        tell(
            outdated,
            "outdated: a notice of a resync or of released unlinks, of no use now",
        );
        tell(left.not_asked_for, "left: not asked for");
        tell(
            left.malformed,
            "left: it cannot be read and would come straight back; put back with --reason malformed_event",
        );
        tell(
            left.not_a_dead_letter,
            "left: no dead letter of the pipeline",
        );
        if !self.complete {
            lines.push("INTERRUPTED: run it again to go on".to_owned());
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use stackone_link_schemas::{CloudEvent, DeadLetterReason};
    use stackone_link_wire::{DeadLetterHeaders, RecordHeaders};

    use super::*;

    fn letter() -> Consumed {
        let event = CloudEvent {
            id: uuid::Uuid::nil(),
            event_type: "account.updated".to_owned(),
            source: "/stackone".to_owned(),
            subject: None,
            time: None,
            dataschema: None,
        };
        Consumed {
            partition: 3,
            offset: 17,
            timestamp_ms: 0,
            key: Some(b"a\x1b[2J".to_vec()),
            value: Vec::new(),
            headers: Some(RecordHeaders {
                dead_letter: Some(DeadLetterHeaders {
                    reason: DeadLetterReason::LookupRejected,
                    detail: "status 422".to_owned(),
                    attempts: 3,
                    topic: "events".to_owned(),
                    partition: 0,
                    offset: 1,
                    first_seen: Timestamp::UNIX_EPOCH,
                    last_seen: Timestamp::UNIX_EPOCH,
                    value_expired: false,
                }),
                ..RecordHeaders::of(event)
            }),
        }
    }

    #[test]
    fn a_letter_is_told_in_one_harmless_line() {
        let letter = letter();
        let line = LetterReport::of(&letter, RedriveVerdict::Redrive)
            .unwrap()
            .line();
        assert!(
            line.starts_with("redrive   3/17  account a\\u{1b}[2J  lookup_rejected (status 422)"),
            "{line}"
        );
        assert!(!line.contains(['\u{1b}', '\n']), "{line}");
        assert!(LetterReport::of(&letter, RedriveVerdict::Left(Left::NotAskedFor)).is_none());
    }

    #[test]
    fn a_summary_says_what_there_is_to_say_and_no_more() {
        let summary = Summary {
            read: 9,
            redriven: 7,
            expired: 2,
            ..Summary::default()
        };
        let report = RunReport::new(Mode::DryRun, true, summary);
        let lines = report.lines();
        assert_eq!(lines[0], "dry run: would put back 7 of 9 dead letters");
        assert!(lines.len() == 2 && lines[1].contains("resync"), "{lines:?}");
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(
            (&json["redriven"], &json["dry_run"]),
            (&7.into(), &true.into())
        );
        assert_eq!(json["left"]["malformed"], 0);
        let one = Summary {
            read: 1,
            ..Summary::default()
        };
        let lines = RunReport::new(Mode::DryRun, true, one).lines();
        assert_eq!(lines, ["dry run: would put back 0 of 1 dead letter"]);
        let stopped = RunReport::new(Mode::DryRun, false, summary).lines();
        assert!(stopped[2].starts_with("INTERRUPTED"), "{stopped:?}");
    }
}
