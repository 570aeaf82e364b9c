//! Bounds of numbers and times, so that one that cannot work is refused at the start.

use std::time::Duration;

use super::Settings;

/// How much sooner than `ack_deadline` the Kafka client gives up; see `Publisher::new`.
const ACK_MARGIN: Duration = Duration::from_millis(500);

impl Settings {
    /// Lists the numbers and times that are out of their bounds, one line each.
    pub(super) fn bound_problems(&self) -> Vec<String> {
        let mut problems: Vec<_> = self.limit_problems().collect();
        problems.extend(self.deadline_problems());
        let (server, ack) = (&self.server, self.kafka.ack_deadline);
        let (all, per_peer) = (server.max_connections, server.max_connections_per_peer);
        if all > 0 && (per_peer == 0 || per_peer > all) {
            problems.push(format!(
                "server.max_connections_per_peer: {per_peer} is not 1 to server.max_connections ({all})"
            ));
        }
        if ack <= ACK_MARGIN {
            problems.push(format!(
                "kafka.ack_deadline: {ack:?} is not more than {ACK_MARGIN:?}"
            ));
        }
        let (after, give_up) = (self.look.after, self.look.give_up_after);
        if give_up <= after {
            problems.push(format!(
                "look.give_up_after: {give_up:?} is not more than look.after ({after:?}), so an account would count as \
                 missing before anybody looks"
            ));
        }
        let stop = self.shutdown.deadline;
        if stop.is_zero() || stop.subsec_nanos() != 0 {
            problems.push(format!(
                "shutdown.deadline: {stop:?} is not a number of whole seconds of at least 1 s"
            ));
        }
        problems
    }

    fn limit_problems(&self) -> impl Iterator<Item = String> {
        let limits = &self.limits;
        let per_minute = self.stackone.requests_per_minute;
        let numbers = [
            ("server.max_connections", self.server.max_connections),
            ("limits.max_body_bytes", limits.max_body_bytes),
            (
                "limits.requests_before_authentication",
                limits.requests_before_authentication,
            ),
            (
                "limits.requests_after_authentication",
                limits.requests_after_authentication,
            ),
            ("limits.streams", limits.streams),
            ("limits.streams_per_session", limits.streams_per_session),
            ("limits.streams_per_tenant", limits.streams_per_tenant),
            (
                "limits.sessions_per_tenant_and_hour",
                limits.sessions_per_tenant_and_hour,
            ),
            (
                "limits.tokens_per_tenant_and_hour",
                limits.tokens_per_tenant_and_hour,
            ),
            ("stackone.requests_per_minute", per_minute as usize),
        ];
        let zero = numbers.into_iter().filter(|(_, number)| *number == 0);
        zero.map(|(key, _)| format!("{key}: is 0, so everything would be refused"))
    }

    fn deadline_problems(&self) -> impl Iterator<Item = String> {
        let (server, read_back) = (&self.server, self.sessions.read_back_deadline);
        let handshake = server.tls_handshake_deadline;
        let deadlines = [
            ("server.header_deadline", server.header_deadline, "request"),
            ("server.body_deadline", server.body_deadline, "request"),
            ("server.tls_handshake_deadline", handshake, "request"),
            ("sessions.read_back_deadline", read_back, "fact"),
            ("stackone.timeout", self.stackone.timeout, "answer"),
        ];
        let zero = deadlines.into_iter().filter(|(_, time, _)| time.is_zero());
        zero.map(|(key, _, what)| format!("{key}: is zero, so every {what} would be late"))
    }
}
