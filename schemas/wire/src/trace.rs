//! W3C trace context (level 1): which trace a record belongs to, from the webhook to the event it
//! led to. <https://www.w3.org/TR/trace-context/>

use std::fmt;

/// The length of a `traceparent` of version 00, in bytes.
const LENGTH: usize = 55;
/// The flag of a trace that is recorded.
const SAMPLED: u8 = 1;

/// The digits of a `traceparent`.
const HEX: [u8; 16] = *b"0123456789abcdef";

/// A span in a trace. Its `Display` is a `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    parent_id: Option<u64>,
    sampled: bool,
}

impl TraceContext {
    /// Starts a trace with random ids.
    #[must_use]
    pub fn start() -> Self {
        Self::started(fastrand::u128(1..), fastrand::u64(1..))
    }

    /// Starts a trace with these ids, neither of which may be 0.
    #[must_use]
    pub const fn started(trace_id: u128, span_id: u64) -> Self {
        Self {
            trace_id,
            span_id,
            parent_id: None,
            sampled: true,
        }
    }

    /// Continues the trace that a `traceparent` names, under a random span id; `None` where it is
    /// malformed.
    #[must_use]
    pub fn continued(traceparent: &[u8]) -> Option<Self> {
        Self::continued_as(traceparent, fastrand::u64(1..))
    }

    /// Continues a trace as [`Self::continued`] does, under this span id, which may not be 0.
    #[must_use]
    pub fn continued_as(traceparent: &[u8], span_id: u64) -> Option<Self> {
        let text = std::str::from_utf8(traceparent).ok()?;
        let (known, more) = text.split_at_checked(LENGTH)?;
        let mut parts = known.split('-');
        let [version, trace_id, parent_id, flags] =
            [(); 4].map(|()| parts.next().unwrap_or_default());
        let version = number(version, 2)?;
        let later_version = version > 0 && version < 0xff && more.starts_with('-');
        if parts.next().is_some() || version == 0xff || !(more.is_empty() || later_version) {
            return None;
        }
        let parent_id = number(parent_id, 16).filter(|id| *id != 0)?;
        Some(Self {
            trace_id: number(trace_id, 32).filter(|id| *id != 0)?,
            span_id,
            parent_id: Some(u64::try_from(parent_id).ok()?),
            sampled: u8::try_from(number(flags, 2)?).ok()? & SAMPLED != 0,
        })
    }

    /// Returns another span of the same trace with the same parent: work that is done several times
    /// is several spans.
    #[must_use]
    pub fn again(self) -> Self {
        self.with_span(fastrand::u64(1..))
    }

    /// Returns the same span under another id, which may not be 0.
    #[must_use]
    pub const fn with_span(self, span_id: u64) -> Self {
        Self { span_id, ..self }
    }

    /// Returns the id of the trace as logs show it.
    #[must_use]
    pub fn trace_id(self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// Returns the ids of trace, span and parent. The parent is absent where the trace began here.
    #[must_use]
    pub const fn ids(self) -> (u128, u64, Option<u64>) {
        (self.trace_id, self.span_id, self.parent_id)
    }

    /// Returns whether the trace is recorded. The spans of others are not exported.
    #[must_use]
    pub const fn is_sampled(self) -> bool {
        self.sampled
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        write_hex(self.trace_id, &mut text[3..35]);
        write_hex(self.span_id.into(), &mut text[36..52]);
        write_hex(self.sampled.into(), &mut text[53..]);
        formatter.write_str(str::from_utf8(&text).map_err(|_no_text| fmt::Error)?)
    }
}

/// Writes a number in as many lower-case hex digits as there is room for. `write!` takes five times
/// the instructions, for each webhook.
fn write_hex(mut number: u128, digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        *digit = HEX[usize::try_from(number % 16).unwrap_or_default()];
        number /= 16;
    }
}

/// Parses a number of exactly so many lower-case hex digits.
fn number(text: &str, digits: usize) -> Option<u128> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != digits || !text.bytes().all(is_digit) {
        return None;
    }
    u128::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_trace_goes_on_under_its_id_with_a_span_of_our_own() {
        let ours = TraceContext::continued(GIVEN.as_bytes()).unwrap();
        let text = ours.to_string();
        assert!(text.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
        assert!(text.ends_with("-01") && text.len() == LENGTH && text != GIVEN);
        assert_eq!(ours.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        let unsampled = GIVEN.replace("-01", "-00");
        let unsampled = TraceContext::continued(unsampled.as_bytes()).unwrap();
        assert!(unsampled.to_string().ends_with("-00"));
    }

    #[test]
    fn a_trace_that_starts_here_can_be_continued() {
        let started = TraceContext::start();
        let continued = TraceContext::continued(started.to_string().as_bytes()).unwrap();
        assert_eq!(continued.trace_id, started.trace_id);
        assert_eq!(started.parent_id, None);
        assert_eq!(continued.parent_id, Some(started.span_id));
        let again = continued.again();
        assert_ne!(again.span_id, continued.span_id);
        assert_eq!(
            (again.trace_id, again.parent_id),
            (started.trace_id, Some(started.span_id))
        );
        assert_ne!(TraceContext::start().trace_id, started.trace_id);
    }

    #[test]
    fn what_is_no_traceparent_is_not_taken_for_one() {
        let later = GIVEN.replacen("00", "01", 1) + "-more";
        assert!(TraceContext::continued(later.as_bytes()).is_some());
        for wrong in [
            "",
            "00",
            &GIVEN.to_uppercase(),
            &GIVEN[1..],
            &format!("{GIVEN}-more"),
            &format!("{GIVEN}0"),
            &GIVEN.replacen("00", "ff", 1),
            &GIVEN.replace("00f067aa0ba902b7", "0000000000000000"),
            &GIVEN.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &GIVEN.replace("b34d", "-34d"),
            &GIVEN.replace("-01", "-é"),
            &GIVEN.replace("-01", "-+1"),
        ] {
            assert_eq!(TraceContext::continued(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
