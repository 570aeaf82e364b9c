//! Times in headers: `Retry-After` (RFC 9110 §10.2.3), which is seconds or an HTTP date, and `Date` (§6.6.1).

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// An HTTP date is an RFC 2822 date whose zone is `GMT`.
static HTTP_DATE: DateTimeParser = DateTimeParser::new();

pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = HTTP_DATE.parse_timestamp(text).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// When the answer was made, to the second, by the clock of whoever made it.
pub(crate) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    HTTP_DATE.parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &'static str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, reqwest::header::HeaderValue::from_static(text));
        retry_after(&headers, "2026-03-04T09:00:00Z".parse().unwrap())
    }

    #[test]
    fn seconds_and_http_dates_are_understood_and_nothing_else() {
        assert_eq!(parsed("60"), Some(Duration::from_secs(60)));
        assert_eq!(
            parsed("Wed, 04 Mar 2026 09:01:30 GMT"),
            Some(Duration::from_secs(90))
        );
        assert_eq!(
            parsed("Wed, 04 Mar 2026 08:00:00 GMT"),
            Some(Duration::ZERO)
        );
        assert_eq!(parsed("soon"), None);
        assert_eq!(parsed("-1"), None);
    }
}
