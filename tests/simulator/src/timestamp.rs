//! Times as StackOne writes them: RFC 3339, UTC, exactly three fractional digits, `Z`.

use jiff::{SignedDuration, Timestamp};
use serde::Serializer;

/// The wall clock, cut to the millisecond precision that StackOne shows.
pub(crate) fn now() -> Timestamp {
    to_millisecond(Timestamp::now())
}

/// `time` without what is finer than a millisecond.
pub(crate) fn to_millisecond(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

/// The time of a change that happens at `now` to something that last changed at `last`. It is
/// always later than `last`: two changes in one millisecond would otherwise be one event to a
/// reader that tells events apart by their date.
pub(crate) fn strictly_after(last: Timestamp, now: Timestamp) -> Timestamp {
    if now > last {
        return now;
    }
    last.saturating_add(SignedDuration::from_millis(1))
        .unwrap_or(last)
}

/// Serialises for `#[serde(serialize_with)]`.
pub(crate) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{time:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_in_the_same_millisecond_is_dated_one_later() {
        let at = Timestamp::from_millisecond(1_000).unwrap();
        assert_eq!(strictly_after(at, at).as_millisecond(), 1_001);
        let later = Timestamp::from_millisecond(2_000).unwrap();
        assert_eq!(strictly_after(at, later), later);
    }

    #[test]
    fn a_whole_second_keeps_its_three_digits() {
        let at = Timestamp::from_millisecond(1_000).unwrap();
        assert_eq!(format!("{at:.3}"), "1970-01-01T00:00:01.000Z");
    }
}
