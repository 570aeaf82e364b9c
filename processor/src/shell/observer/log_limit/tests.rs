use std::io;
use std::sync::Mutex;

use stackone_link_schemas::{AccountId, DeadLetterReason};
use stackone_link_wire::TraceContext;
use stackone_processor_core::time::Monotonic;
use stackone_processor_core::work::AccountKey;

use super::*;

/// Returns the log lines of these facts.
fn logged<'a>(facts: impl Iterator<Item = Fact<'a>>) -> String {
    static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    struct Log;
    impl io::Write for Log {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            LOG.lock().unwrap().write(line)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let limit = LogLimit::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(|| Log)
        .with_ansi(false);
    tracing::subscriber::with_default(subscriber.finish(), || {
        facts.for_each(|fact| limit.log_without_event(&fact));
    });
    String::from_utf8(std::mem::take(&mut *LOG.lock().unwrap())).unwrap()
}

#[test]
fn each_dead_letter_and_vanished_account_is_named_ten_times_a_minute_for_each_reason() {
    let id = AccountId::try_from("acc-1").unwrap();
    let key = AccountKey { partition: 3, id };
    let malformed = DeadLetterReason::MalformedEvent;
    let rejected = DeadLetterReason::LookupRejected;
    let facts = (0..1_000).flat_map(|offset| {
        [
            Fact::PutAside {
                partition: 3,
                offset,
                reason: &malformed,
                detail: "no JSON",
            },
            Fact::AccountPutAside {
                key: &key,
                reason: &rejected,
                records: 2,
                detail: "status 422",
            },
            Fact::Decided {
                key: &key,
                lane: 0,
                trace: TraceContext::started(1, 1),
                sent: Monotonic::START,
                outcome: LookupOutcome::Skipped(VANISHED),
            },
            Fact::Decided {
                key: &key,
                lane: 0,
                trace: TraceContext::started(1, 1),
                sent: Monotonic::START,
                outcome: LookupOutcome::Skipped("unchanged"),
            },
        ]
    });
    let log = logged(facts);
    let lines = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    assert_eq!(log.lines().count(), 15, "{log}");
    assert_eq!(
        lines("offset=4 reason=malformed_event detail=\"no JSON\" left_out=0"),
        1
    );
    assert_eq!(
        lines("account=acc-1 partition=3 reason=lookup_rejected records=2 detail=\"status 422\""),
        5
    );
    assert_eq!(lines("never showed itself in the accounts API"), 5);
}

#[test]
fn a_minute_has_ten_lines_of_a_reason_and_they_say_how_many_are_missing() {
    let (limit, start) = (LogLimit::default(), Instant::now());
    let at = |second| {
        limit
            .0
            .allow("malformed_event".to_owned(), start + second * SECOND)
    };
    let minute: Vec<u64> = (0..60).filter_map(at).collect();
    assert_eq!(minute.len(), 9, "the tenth comes with the minute's end");
    assert_eq!(
        minute.iter().sum::<u64>() + 9,
        49,
        "of those up to the last line"
    );
}

const SECOND: Duration = Duration::from_secs(1);
