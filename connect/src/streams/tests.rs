use std::pin::pin;

use futures_util::StreamExt as _;
use tokio::sync::watch;

use super::*;
use crate::subscribers::Subscribers;

fn streams(limit: usize) -> Arc<Streams> {
    streams_that_end_within(Duration::ZERO, limit)
}

fn streams_that_end_within(spread: Duration, limit: usize) -> Arc<Streams> {
    let limits = crate::config::LimitSettings {
        max_body_bytes: 1,
        requests_before_authentication: 1,
        requests_after_authentication: 1,
        streams: 3,
        streams_per_session: limit,
        streams_per_tenant: 2,
        sessions_per_tenant_and_hour: 1,
        tokens_per_tenant_and_hour: 1,
    };
    let gauge = IntGauge::new("open", "All.").unwrap();
    Arc::new(Streams::new(limits, gauge, spread))
}

fn tenant(id: &str) -> TenantKey {
    TenantKey {
        project: None,
        id: id.to_owned(),
    }
}

#[test]
fn each_limit_holds_and_places_come_back() {
    let streams = streams(1);
    let [one, two, three, four] = [1, 2, 3, 4].map(Uuid::from_u128);
    let first = streams.open(one, &tenant("t")).unwrap();
    assert!(streams.open(one, &tenant("t")).is_none(), "of the session");
    let second = streams.open(two, &tenant("t")).unwrap();
    assert!(streams.open(three, &tenant("t")).is_none(), "of the tenant");
    let _third = streams.open(three, &tenant("u")).unwrap();
    assert!(streams.open(four, &tenant("v")).is_none(), "of all");
    assert_eq!(streams.gauge.get(), 3);
    drop((first, second));
    assert!(streams.open(one, &tenant("t")).is_some());
    assert_eq!(streams.lock().sessions.len(), 1, "none is kept");
}

/// What there is to say of a session that is not over.
fn undecided() -> Option<Now> {
    Some(Now {
        json: "1".to_owned(),
        is_final: false,
        tried_at: None,
        until: None,
    })
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_begins_while_the_others_end_says_what_is_and_ends_at_once() {
    let hour = Duration::from_secs(60 * 60);
    let streams = streams_that_end_within(hour, 1);
    streams.end();
    let followed = Subscribers::default().subscribe(Uuid::nil());
    let counted = streams.open(Uuid::nil(), &tenant("t")).unwrap();
    let events = events(counted, followed, undecided, None);
    let second = Duration::from_secs(1);
    assert_eq!(timeout(second, events.count()).await, Ok(1));
}

#[tokio::test]
async fn a_slow_reader_gets_the_newest_and_the_end() {
    let streams = streams(1);
    let subscribers = Subscribers::default();
    let followed = subscribers.subscribe(Uuid::nil());
    let value = watch::Sender::new((1, false));
    let seen = value.subscribe();
    let now = move || {
        let (number, is_final) = *seen.borrow();
        Some(Now {
            json: number.to_string(),
            is_final,
            tried_at: None,
            until: None,
        })
    };
    let counted = streams.open(Uuid::nil(), &tenant("t")).unwrap();
    let mut events = pin!(events(counted, followed, now, None));
    let mut next = async || events.next().await.map(|event| event.unwrap());
    assert_eq!(next().await.unwrap(), "event: session\ndata: 1\n\n");
    for number in 2..5 {
        value.send_replace((number, number == 4));
        subscribers.tell(&[Uuid::nil()]);
    }
    assert_eq!(next().await.unwrap(), "event: session\ndata: 4\n\n");
    assert_eq!(next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_nothing_to_say_is_heard_of_every_15_seconds() {
    let streams = streams(1);
    let followed = Subscribers::default().subscribe(Uuid::nil());
    let counted = streams.open(Uuid::nil(), &tenant("t")).unwrap();
    let mut events = pin!(events(counted, followed, undecided, None));
    assert!(events.next().await.is_some());
    for _ in 0..3 {
        let silent_since = tokio::time::Instant::now();
        let said = timeout(2 * PING, events.next()).await.unwrap();
        assert_eq!(said.unwrap().unwrap(), ": ping\n\n");
        // To the millisecond, as tokio's clock goes.
        assert_eq!(silent_since.elapsed().as_secs(), 15);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_event_time_changes_no_more_waits_for_its_pings() {
    let streams = streams(1);
    let followed = Subscribers::default().subscribe(Uuid::nil());
    let asked = std::cell::Cell::new(0);
    let now = || {
        asked.set(asked.get() + 1);
        assert!(asked.get() < 100, "it asks again and again");
        Some(Now {
            json: "failed".to_owned(),
            is_final: false,
            tried_at: None,
            until: Some(Timestamp::UNIX_EPOCH),
        })
    };
    let counted = streams.open(Uuid::nil(), &tenant("t")).unwrap();
    let mut events = pin!(events(counted, followed, now, None));
    assert!(events.next().await.is_some());
    assert_eq!(events.next().await.unwrap().unwrap(), ": ping\n\n");
}

#[tokio::test]
async fn a_stream_ends_with_the_authority_of_its_caller() {
    let streams = streams(1);
    let followed = Subscribers::default().subscribe(Uuid::nil());
    let counted = streams.open(Uuid::nil(), &tenant("t")).unwrap();
    let soon = Timestamp::now() + jiff::SignedDuration::from_millis(20);
    let events = events(counted, followed, undecided, Some(soon));
    assert_eq!(timeout(PING, events.count()).await, Ok(1));
}
