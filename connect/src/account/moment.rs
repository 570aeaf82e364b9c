//! A time of an account in 12 bytes, of which an absent one takes no more: an
//! `Option<Timestamp>` takes 24.

use std::num::NonZeroU32;

use jiff::Timestamp;

/// What is added to nanoseconds, which are negative before 1970, so that they are never 0.
const SHIFT: i32 = 1_000_000_000;

/// A [`Timestamp`], to be read by `Timestamp::from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(Rust, packed(4))]
pub(crate) struct Moment {
    second: i64,
    /// The nanoseconds after it, shifted.
    shifted: NonZeroU32,
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        let shifted = (at.subsec_nanosecond() + SHIFT).unsigned_abs();
        Self {
            second: at.as_second(),
            shifted: NonZeroU32::new(shifted).unwrap_or(NonZeroU32::MIN),
        }
    }
}

impl From<Moment> for Timestamp {
    fn from(moment: Moment) -> Self {
        let Moment { second, shifted } = moment;
        let nanosecond = shifted.get().cast_signed() - SHIFT;
        // It was made from a timestamp, so that it is one.
        Self::new(second, nanosecond).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn there_and_back(at: Timestamp) -> Timestamp {
        Moment::from(at).into()
    }

    #[test]
    fn the_earliest_and_the_latest_time_and_none_fit_into_12_bytes() {
        let nanosecond = |nanosecond| Timestamp::from_nanosecond(nanosecond).unwrap();
        for at in [
            Timestamp::MIN,
            nanosecond(-1),
            nanosecond(0),
            Timestamp::MAX,
        ] {
            assert_eq!(there_and_back(at), at);
        }
        assert_eq!(size_of::<Option<Moment>>(), 12);
    }

    proptest! {
        #[test]
        fn a_time_comes_back_from_12_bytes_as_it_was(
            nanosecond in Timestamp::MIN.as_nanosecond()..=Timestamp::MAX.as_nanosecond()
        ) {
            let at = Timestamp::from_nanosecond(nanosecond).unwrap();
            prop_assert_eq!(there_and_back(at), at);
        }
    }
}
