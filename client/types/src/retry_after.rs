//! Times in headers: `Retry-After` (RFC 9110 §10.2.3), which is seconds or an HTTP date, and `Date`
//! (§6.6.1).

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// An HTTP date is an RFC 2822 date whose zone is `GMT`.
static HTTP_DATE: DateTimeParser = DateTimeParser::new();

/// Returns the wait that `Retry-After` asks for, counted from `now`; `None` where it cannot be
/// read.
#[must_use]
pub fn parse_retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let text = header.trim();
    if let Some(seconds) = seconds(text) {
        return Some(Duration::from_secs(seconds));
    }
    let date = parse_http_date(text)?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// Reads whole seconds. RFC 9110 has no fractions; those that come are rounded up.
fn seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let begun = u64::from(fraction.bytes().any(|digit| digit != b'0'));
    Some(whole.saturating_add(begun))
}

/// Returns the time in a header such as `Date`, to the second.
#[must_use]
pub fn parse_http_date(header: &str) -> Option<Timestamp> {
    HTTP_DATE.parse_timestamp(header.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<Duration> {
        parse_retry_after(text, "2026-03-04T09:00:00Z".parse().unwrap())
    }

    #[test]
    fn fractions_of_a_second_in_retry_after_are_rounded_up() {
        for (text, wait) in [("1.5", 2), ("1.0", 1), ("0.001", 1), ("0.0", 0)] {
            assert_eq!(parsed(text), Some(Duration::from_secs(wait)), "{text}");
        }
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_an_http_date_and_as_nothing_else() {
        assert_eq!(parsed("60"), Some(Duration::from_secs(60)));
        assert_eq!(
            parsed("Wed, 04 Mar 2026 09:01:30 GMT"),
            Some(Duration::from_secs(90))
        );
        assert_eq!(
            parsed("Wed, 04 Mar 2026 08:00:00 GMT"),
            Some(Duration::ZERO)
        );
        for odd in [
            "soon", "-1", "", "1.", ".5", "1e3", "+1", "inf", "NaN", "1.5.5",
        ] {
            assert_eq!(parsed(odd), None, "{odd}");
        }
    }
}
