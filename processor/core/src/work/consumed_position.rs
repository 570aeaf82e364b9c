//! Marks how far an account's records were taken in, as one position. Pure.
//!
//! Timestamps are the producers' and do not rise with the offset: two requests of ingest may
//! overtake each other. So the mark has the greatest timestamp. With the timestamp of the last
//! record alone, an earlier record with a greater one would not be recognised when it comes again.

use stackone_link_schemas::TakenIn;

/// Returns the mark after `later` was taken in, too. A smaller offset with a greater timestamp
/// belongs to a topic that was made again.
#[must_use]
pub const fn and(earlier: Option<TakenIn>, later: Option<TakenIn>) -> Option<TakenIn> {
    match (earlier, later) {
        (Some(earlier), Some(later)) => Some(joined(earlier, later)),
        (mark, None) | (None, mark) => mark,
    }
}

const fn joined(earlier: TakenIn, later: TakenIn) -> TakenIn {
    if later.partition != earlier.partition || later.timestamp_ms >= earlier.timestamp_ms {
        return later;
    }
    if later.offset < earlier.offset {
        return earlier;
    }
    TakenIn {
        timestamp_ms: earlier.timestamp_ms,
        ..later
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(offset: i64, timestamp_ms: i64) -> TakenIn {
        TakenIn {
            partition: 0,
            offset,
            timestamp_ms,
        }
    }

    #[test]
    fn the_position_covers_every_consumed_record_whatever_their_timestamps() {
        for (earlier, later, covered) in [
            ((40, 808), (41, 809), (41, 809)),
            // The two records overtook each other on the way to the broker.
            ((40, 808), (41, 807), (41, 808)),
            // The record waited for another project's decision.
            ((41, 808), (40, 807), (41, 808)),
            // The topic was made again.
            ((41, 808), (0, 900), (0, 900)),
        ] {
            let after = and(
                Some(mark(earlier.0, earlier.1)),
                Some(mark(later.0, later.1)),
            );
            assert_eq!(after, Some(mark(covered.0, covered.1)));
        }
        assert_eq!(and(Some(mark(1, 1)), None), Some(mark(1, 1)));
        assert_eq!(and(None, Some(mark(1, 1))), Some(mark(1, 1)));
    }
}
