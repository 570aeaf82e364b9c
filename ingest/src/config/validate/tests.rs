use std::collections::HashMap;

use super::*;
use crate::config::Config;

/// The problems of the defaults after `change`.
fn problems(change: impl FnOnce(&mut Settings)) -> String {
    let secret = ("STACKONE_WEBHOOK_SECRET".to_owned(), "s".to_owned());
    let mut settings = Config::load(None, &HashMap::from([secret]))
        .unwrap()
        .settings;
    change(&mut settings);
    settings.problems().join("\n")
}

#[test]
fn the_defaults_are_without_problems() {
    assert_eq!(problems(|_| {}), "");
}

#[test]
fn a_body_that_could_not_fit_kafka_is_refused_at_start() {
    assert!(problems(|s| s.limits.max_body_bytes = 1 << 20).contains("message.max.bytes"));
    let raised = |s: &mut Settings| {
        s.limits.max_body_bytes = 1 << 20;
        let property = ("message.max.bytes".to_owned(), "2000000".to_owned());
        s.kafka.properties.extend([property]);
    };
    assert_eq!(problems(raised), "");
}

#[test]
fn settings_that_contradict_each_other_are_named() {
    let port = |s: &mut Settings| s.admin.listen = s.server.listen;
    assert!(problems(port).contains("admin.listen"));
    let deadline = |s: &mut Settings| s.publish.ack_deadline = Duration::from_millis(500);
    assert!(problems(deadline).contains("publish.ack_deadline"));
    for per_peer in [0, 100_000] {
        let peer = |s: &mut Settings| s.server.max_connections_per_peer = per_peer;
        assert!(problems(peer).contains("max_connections_per_peer"));
    }
    let stall = |s: &mut Settings| s.publish.stall_after = Duration::from_secs(4);
    assert!(problems(stall).contains("publish.stall_after"));
    let linger = |s: &mut Settings| s.publish.linger = Duration::from_millis(4500);
    assert!(problems(linger).contains("publish.linger"));
    for (deadline, is_problem) in [(14, true), (15, false)] {
        let stop = |s: &mut Settings| s.shutdown.deadline = Duration::from_secs(deadline);
        assert_eq!(problems(stop).contains("shutdown.deadline"), is_problem);
    }
    for endless in [Duration::MAX, Duration::from_secs(1 << 63)] {
        let keep_alive = |s: &mut Settings| s.server.keep_alive = endless;
        assert!(problems(keep_alive).contains("server.keep_alive"));
        let header = |s: &mut Settings| s.server.header_deadline = endless;
        assert!(problems(header).contains("server.header_deadline"));
    }
    assert!(problems(|s| s.limits.max_body_bytes = 0).contains("limits.max_body_bytes"));
    let unauthenticated = |s: &mut Settings| s.limits.before_authentication.requests = 100_000;
    assert!(problems(unauthenticated).contains("before_authentication.requests"));
    assert!(problems(|s| s.telemetry.filter = "a=b=c".to_owned()).contains("telemetry.filter"));
    assert!(problems(|s| s.topics.unrecognized = "a b".to_owned()).contains("topics"));
}

#[test]
fn properties_that_break_a_promise_or_do_not_exist_are_refused() {
    for (name, expected) in [
        ("acks", "acks"),
        ("lingerr.ms", "lingerr.ms"),
        ("linger.ms", "publish.linger"),
        ("queue.buffering.max.ms", "publish.linger"),
    ] {
        let property = (name.to_owned(), "1".to_owned());
        assert!(problems(|s| s.kafka.properties.extend([property])).contains(expected));
    }
}

#[test]
fn several_sources_each_need_their_project() {
    let second = |s: &mut Settings| {
        let second = SourceSettings {
            name: "eu".to_owned(),
            ..s.sources[0].clone()
        };
        s.sources.push(second);
    };
    let found = problems(second);
    assert!(
        found.contains("sources.default.project_id") && found.contains("sources.eu.project_id")
    );
    let twice = |s: &mut Settings| s.sources.push(s.sources[0].clone());
    assert!(problems(twice).contains("twice"));
    assert!(problems(|s| s.sources[0].name = "a/b".to_owned()).contains("a/b"));
    // Requests to no source have this label.
    assert!(problems(|s| s.sources[0].name = "unknown".to_owned()).contains("\"unknown\""));
    assert!(problems(|s| s.sources.clear()).contains("[[sources]]"));
    assert!(problems(|s| s.sources[0].secrets.clear()).contains("there is none"));
}
