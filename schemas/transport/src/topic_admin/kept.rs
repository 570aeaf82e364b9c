//! Compares how long a topic keeps records with the promise to subscribers and the pipeline's own
//! need.

use std::time::Duration;

use stackone_link_wire::{Cleanup, Topic};

use super::TopicLimit;
use super::settings::TopicSettings;

const RETENTION_MS: &str = "retention.ms";
const RETENTION_BYTES: &str = "retention.bytes";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How far a record's timestamp may be from the broker's clock: records wait for brokers, and
/// clocks differ.
const TIMESTAMP_LATITUDE: Duration = Duration::from_secs(10 * 60);
/// The settings that limit timestamps. Kafka 3.6 replaced the third by the first two (KIP-937).
const TIMESTAMP_LIMITS: [&str; 3] = [
    "message.timestamp.before.max.ms",
    "message.timestamp.after.max.ms",
    "message.timestamp.difference.max.ms",
];

/// The reason for which a topic keeps records.
enum Kept {
    /// Subscribers were promised that records stay for the usual time.
    Promised,
    /// The pipeline itself reads the records, for at least this long.
    Needed(Duration),
    /// People look into the records. The operator may shorten that, and loses this by it.
    Chosen(&'static str),
}

fn kept(topic: Topic, resync_interval: Duration) -> Option<Kept> {
    match topic {
        Topic::Lifecycle | Topic::Linked | Topic::LinkSessions => Some(Kept::Promised),
        Topic::AccountEvents => Some(Kept::Needed(DAY.max(resync_interval.saturating_mul(2)))),
        Topic::RecordEvents => Some(Kept::Chosen(
            "whoever reads these webhooks misses those that expire while it is away",
        )),
        Topic::Unrecognized => Some(Kept::Chosen(
            "what could not be used can be looked into for so long only",
        )),
        Topic::DeadLetter => Some(Kept::Chosen(
            "a dead letter that was not put back by then cannot be; a resync finds what came of it",
        )),
        Topic::State => None,
    }
}

/// Returns which records of a topic expire too early, and which timestamps it refuses.
pub(super) fn findings(
    topic: Topic,
    settings: &TopicSettings,
    resync_interval: Duration,
) -> Vec<TopicLimit> {
    let Cleanup::DeleteAfterDays(days) = topic.cleanup() else {
        return refused_timestamps(settings);
    };
    let usual = DAY * u32::try_from(days).unwrap_or(u32::MAX);
    let mut findings = Vec::new();
    match kept(topic, resync_interval) {
        None => {}
        Some(Kept::Promised) => {
            findings.extend(expires(settings, usual, "subscribers rely on it"));
        }
        Some(Kept::Needed(needed)) => {
            let why =
                "a processor that is away for longer, or a resync that heals it, comes too late";
            let wrong = expires(settings, needed, why);
            if wrong.is_empty() {
                let lost = "webhooks that no processor reads for so long are lost, until a resync heals them";
                findings.extend(shorter(settings, usual, lost));
            }
            findings.extend(wrong);
        }
        Some(Kept::Chosen(lost)) => findings.extend(shorter(settings, usual, lost)),
    }
    findings.extend(refused_timestamps(settings));
    findings
}

/// Finds limits by which records expire before `needed`, or at any age because of their size.
fn expires(settings: &TopicSettings, needed: Duration, why: &'static str) -> Vec<TopicLimit> {
    let finding = |setting, found, needed| TopicLimit::Expires {
        setting,
        found,
        needed,
        why,
    };
    let needed = millis(needed);
    let time = less(settings, RETENTION_MS, needed);
    let time = time.map(|found| finding(RETENTION_MS, found, needed));
    let bytes = limit(settings, RETENTION_BYTES);
    let bytes = bytes.map(|found| finding(RETENTION_BYTES, found, -1));
    time.into_iter().chain(bytes).collect()
}

/// Finds limits by which records expire sooner than usual, which is allowed.
fn shorter(settings: &TopicSettings, usual: Duration, lost: &'static str) -> Vec<TopicLimit> {
    let time = less(settings, RETENTION_MS, millis(usual)).map(|found| (RETENTION_MS, found));
    let bytes = limit(settings, RETENTION_BYTES).map(|found| (RETENTION_BYTES, found));
    let found = time.into_iter().chain(bytes);
    found
        .map(|(setting, found)| TopicLimit::KeptShorter {
            setting,
            found,
            lost,
        })
        .collect()
}

/// Finds a limit of timestamps that our records would run into. A record has the time at which it
/// was handed to the client.
fn refused_timestamps(settings: &TopicSettings) -> Vec<TopicLimit> {
    if settings.get("message.timestamp.type") == Some("LogAppendTime") {
        return Vec::new();
    }
    let needed = millis(TIMESTAMP_LATITUDE);
    let limits = TIMESTAMP_LIMITS.into_iter();
    limits
        .filter_map(|setting| {
            let found = less(settings, setting, needed)?;
            Some(TopicLimit::RefusesTimestamps {
                setting,
                found,
                needed,
            })
        })
        .collect()
}

/// Returns the value of a setting that limits something; `None` for -1, which is no limit.
fn limit(settings: &TopicSettings, setting: &str) -> Option<i64> {
    let found = settings.get(setting)?.parse().ok()?;
    (found >= 0).then_some(found)
}

fn less(settings: &TopicSettings, setting: &str, needed: i64) -> Option<i64> {
    limit(settings, setting).filter(|found| *found < needed)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::settings::tests::settings;
    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);

    /// Returns the setting of each finding about a topic with these settings, and whether it is
    /// wrong.
    fn found(topic: Topic, of: &[(&str, &str)], interval: Duration) -> Vec<(&'static str, bool)> {
        let found = findings(topic, &settings(of), interval);
        let shown = found.iter().map(|finding| match finding {
            TopicLimit::Expires { setting, .. }
            | TopicLimit::KeptShorter { setting, .. }
            | TopicLimit::RefusesTimestamps { setting, .. } => (*setting, finding.is_wrong()),
            other => panic!("{other:?}"),
        });
        shown.collect()
    }

    fn days(days: u64) -> String {
        (days * 24 * 60 * 60 * 1000).to_string()
    }

    #[test]
    fn less_than_what_subscribers_were_promised_is_wrong_and_more_is_fine() {
        for (topic, promised) in [
            (Topic::Lifecycle, 30),
            (Topic::Linked, 30),
            (Topic::LinkSessions, 35),
        ] {
            let kept = |days: &str| found(topic, &[("retention.ms", days)], HOUR);
            assert_eq!(kept("1000"), [("retention.ms", true)], "{topic:?}");
            assert_eq!(kept(&days(promised - 1)), [("retention.ms", true)]);
            for fine in [days(promised), days(promised + 1), "-1".to_owned()] {
                assert_eq!(kept(&fine), [], "{topic:?} {fine}");
            }
            let limited = [("retention.ms", "-1"), ("retention.bytes", "1000000")];
            assert_eq!(found(topic, &limited, HOUR), [("retention.bytes", true)]);
            let unlimited = [("retention.ms", "-1"), ("retention.bytes", "-1")];
            assert_eq!(found(topic, &unlimited, HOUR), []);
        }
    }

    #[test]
    fn events_are_kept_for_a_day_and_two_resyncs_and_else_it_is_wrong() {
        let kept =
            |days: &str, interval| found(Topic::AccountEvents, &[("retention.ms", days)], interval);
        assert_eq!(kept("60000", HOUR), [("retention.ms", true)]);
        assert_eq!(kept(&days(1), HOUR), [("retention.ms", false)], "a note");
        assert_eq!(kept(&days(7), HOUR), []);
        assert_eq!(kept("-1", HOUR), []);
        assert_eq!(kept(&days(2), DAY * 2), [("retention.ms", true)]);
        assert_eq!(kept(&days(4), DAY * 2), [("retention.ms", false)]);
        let limited = [("retention.ms", "-1"), ("retention.bytes", "1")];
        let limited = found(Topic::AccountEvents, &limited, HOUR);
        assert_eq!(limited, [("retention.bytes", true)]);
    }

    #[test]
    fn what_only_operators_read_may_go_sooner_and_a_note_says_what_is_lost() {
        for topic in [Topic::RecordEvents, Topic::Unrecognized, Topic::DeadLetter] {
            let early = [("retention.ms", "60000"), ("retention.bytes", "1000")];
            let notes = [("retention.ms", false), ("retention.bytes", false)];
            assert_eq!(found(topic, &early, HOUR), notes, "{topic:?}");
            let told = findings(topic, &settings(&early), HOUR)[0].to_string();
            assert!(told.starts_with("has retention.ms=60000: "), "{told}");
            let made = topic.settings();
            let made: Vec<_> = made
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            assert_eq!(found(topic, &made, HOUR), []);
        }
        assert_eq!(found(Topic::State, &[("retention.ms", "1")], HOUR), []);
    }

    #[test]
    fn a_limit_that_a_record_of_now_may_miss_is_wrong_unless_the_broker_sets_the_time() {
        for limit in TIMESTAMP_LIMITS {
            assert_eq!(
                found(Topic::State, &[(limit, "1000")], HOUR),
                [(limit, true)]
            );
            assert_eq!(found(Topic::State, &[(limit, "3600000")], HOUR), []);
            let by_broker = [(limit, "1000"), ("message.timestamp.type", "LogAppendTime")];
            assert_eq!(found(Topic::LinkSessions, &by_broker, HOUR), []);
        }
    }
}
