//! Spans of traces, sent to a collector for whoever looks a trace up there.
//!
//! Nothing waits for a span and nothing fails with one: spans go to a bounded queue, from which a
//! task sends them by OTLP, as protobuf over HTTP. What the collector does not take is lost, and a
//! warning counts it. <https://opentelemetry.io/docs/specs/otlp/#otlphttp>

#[cfg(feature = "otlp")]
mod collector;
#[cfg(feature = "otlp")]
mod export;
#[cfg(feature = "otlp")]
mod losses;
mod span;

#[cfg(feature = "otlp")]
use export::Export;
pub use span::{Kind, PATIENCE, Span};

/// The name of the setting, for messages about its value.
const SETTING: &str = "telemetry.otlp_endpoint";

/// A handle to the exporter of spans, or to none. Clones share one queue.
#[derive(Debug, Clone, Default)]
pub struct Spans {
    #[cfg(feature = "otlp")]
    export: Option<Export>,
}

/// Says why spans cannot be sent to `endpoint`; `None` where it can be used or is not set.
#[must_use]
pub fn endpoint_problem(endpoint: Option<&str>) -> Option<String> {
    let problem = problem(endpoint?)?;
    Some(format!("{SETTING}: {problem}"))
}

#[cfg(feature = "otlp")]
fn problem(endpoint: &str) -> Option<String> {
    let unusable = collector::traces_url(endpoint).is_none();
    // The address may have a password, and is not told.
    unusable.then(|| {
        "is not http://HOST:PORT; for TLS or a password have a collector beside the service"
            .to_owned()
    })
}

#[cfg(not(feature = "otlp"))]
fn problem(_endpoint: &str) -> Option<String> {
    Some("this build exports no traces; build with --features otlp".to_owned())
}

impl Spans {
    /// Starts to send spans of the service called `service` to the collector at `endpoint`. Sends
    /// none where `endpoint` is `None` or cannot be used ([`endpoint_problem`]).
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime where there is a collector: a task of the runtime sends the
    /// spans.
    #[must_use]
    pub fn to(endpoint: Option<&str>, service: &'static str) -> Self {
        #[cfg(feature = "otlp")]
        return Self {
            export: endpoint
                .and_then(collector::traces_url)
                .map(|url| Export::start(url, service)),
        };
        #[cfg(not(feature = "otlp"))]
        {
            let _nowhere = (endpoint, service);
            Self::default()
        }
    }

    /// Queues a span, which is made only where spans are sent. Does not wait: where the queue is
    /// full, the span is lost and counted.
    pub fn finished(&self, span: impl FnOnce() -> Span) {
        #[cfg(feature = "otlp")]
        if let Some(export) = &self.export {
            export.take(span());
        }
        #[cfg(not(feature = "otlp"))]
        drop(span);
    }

    /// Sends what is queued and takes no further span. Waits for up to 2 s.
    pub async fn close(self) {
        #[cfg(feature = "otlp")]
        if let Some(export) = self.export {
            export.close().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_collector_is_no_problem() {
        assert_eq!(endpoint_problem(None), None);
    }

    #[cfg(not(feature = "otlp"))]
    #[test]
    fn a_build_that_cannot_export_says_so() {
        let problem = endpoint_problem(Some("http://127.0.0.1:4318")).unwrap();
        assert!(problem.starts_with(SETTING) && problem.contains("--features otlp"));
    }

    #[cfg(feature = "otlp")]
    #[test]
    fn an_unusable_address_of_a_collector_is_told_with_what_one_looks_like() {
        for usable in [
            "http://127.0.0.1:4318",
            "http://collector:4318/",
            "http://a/otlp",
        ] {
            assert_eq!(endpoint_problem(Some(usable)), None, "{usable}");
        }
        for unusable in [
            "",
            "collector:4318",
            "https://collector:4318",
            "http://",
            "http://user:hush@collector:4318",
            "http://collector:4318/?key=hush",
        ] {
            let problem = endpoint_problem(Some(unusable)).unwrap();
            assert!(problem.starts_with(SETTING) && problem.contains("http://HOST:PORT"));
            assert!(!problem.contains("hush"), "{problem}");
        }
    }
}
