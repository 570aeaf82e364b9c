//! Words for dead letters and unrecognized webhooks. Pure.

use stackone_link_wire::Topics;

use super::extent::{limit, looked_for};
use super::newest::newest;
use super::words;
use crate::explain::finding::{About, AccountFinding};
use crate::explain::found::{Letter, SeenOnTopic, Stray, Strays};
use crate::explain::newest::Newest;
use crate::explain::question::AccountQuestion;
use crate::explain::unseen::NotSeen;
use stackone_link_process::counted::counted;

pub(super) fn letters(
    topics: &Topics,
    question: &AccountQuestion,
    letters: &Result<SeenOnTopic<Newest<Letter>>, NotSeen>,
) -> Vec<AccountFinding> {
    let (topic, about) = (&topics.dead_letter, About::DeadLetters);
    let SeenOnTopic { found, looked } = match letters {
        Ok(seen) => seen,
        Err(unseen) => {
            return vec![AccountFinding::not_looked_at(
                about,
                format!("{topic}: {unseen}"),
            )];
        }
    };
    let mut findings = newest(about, found, |one| letter(topic, one));
    if found.total == 0 {
        let says = format!("none {} on {topic}", looked_for(question, looked));
        findings.push(AccountFinding::not_found(about, says));
    }
    findings.extend(limit(about, looked));
    findings
}

fn letter(topic: &str, letter: &Letter) -> AccountFinding {
    let Letter {
        partition,
        offset,
        reason,
        detail,
        event_type,
        ..
    } = letter;
    let came = match (letter.put_back, letter.value_expired) {
        (true, _) => "dealt with by a redrive since",
        (false, true) => "its bytes had expired, so no redrive can put it back: run a resync",
        (false, false) => "not put back",
    };
    let says = format!(
        "{reason} ({detail}): {event_type}, put aside {}, {}, {} before ({topic}, partition \
         {partition}, offset {offset}): {came}",
        letter.last_seen,
        counted(letter.attempts, "lookup"),
        counted(letter.redrives, "redrive"),
    );
    AccountFinding::found(About::DeadLetters, says)
}

pub(super) fn strays(
    topics: &Topics,
    question: &AccountQuestion,
    strays: &Result<SeenOnTopic<Strays>, NotSeen>,
) -> Vec<AccountFinding> {
    let (topic, about) = (&topics.unrecognized, About::Unrecognized);
    let SeenOnTopic { found, looked } = match strays {
        Ok(seen) => seen,
        Err(unseen) => {
            return vec![AccountFinding::not_looked_at(
                about,
                format!("{topic}: {unseen}"),
            )];
        }
    };
    let mut findings = newest(about, &found.strays, |one| stray(topic, one));
    if found.strays.total == 0 {
        let nameless = match found.nameless {
            0 => String::new(),
            count => format!(
                "; {} no account that can be read, and may be its",
                match count {
                    1 => "1 record there names".to_owned(),
                    _ => format!("{count} records there name"),
                }
            ),
        };
        let since = looked_for(question, looked);
        let says = format!("none {since} on {topic} names it{nameless}");
        findings.push(AccountFinding::not_found(about, says));
    }
    findings.extend(limit(about, looked));
    findings
}

fn stray(topic: &str, stray: &Stray) -> AccountFinding {
    let Stray {
        partition, offset, ..
    } = stray;
    let reason = stray.reason.as_deref();
    let why = match reason {
        Some("project_mismatch") => {
            "signed by a source that is bound to another project: see project_id of ingest's source"
        }
        Some("unrecognized") => "no usable event: the pipeline does not know what it says",
        Some(_) | None => "see docs/answers.md",
    };
    let says = format!(
        "{} {} of project {}, by source {} ({topic}, partition {partition}, offset {offset}): {}: \
         {why}",
        stray.event_type.as_deref().unwrap_or("no event"),
        words::time(stray.at),
        stray.project_id.as_deref().unwrap_or("not named"),
        stray.source.as_deref().unwrap_or("not known"),
        reason.unwrap_or("no reason is given, by an ingest of before"),
    );
    AccountFinding::found(About::Unrecognized, says)
}
