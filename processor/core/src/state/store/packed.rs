//! Packs states for memory: their bytes on the topic, without the parts that all share. Pure.
//!
//! A state is some 600 bytes of JSON, half of which are names of members, and there may be a
//! million states. So a fragment that every state has becomes one byte, and so does the account's
//! id, which is the key. A date, a fifth of the rest, takes seven bytes. Unpacking returns the same
//! bytes for any input. Members that the list of fragments does not have only take more room.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::Offset;
use stackone_link_schemas::AccountId;

/// Texts that become one byte each: their index in this list. They are in the order of
/// [`stackone_link_schemas::AccountState`], the longer first where two begin alike. At most [`ID`]
/// of them.
const FRAGMENTS: [&str; 26] = [
    "\"pending\"",
    "\"recheck\"",
    "\"vanished_at\"",
    "{\"account_id\":\"",
    "\",\"project_id\":\"",
    "\",\"state\":\"active\",\"version\":",
    "\",\"state\":\"",
    "\",\"version\":",
    ",\"status\":\"active\",\"account\":{\"provider\":\"",
    ",\"status\":\"",
    ",\"status_reasons\":[{\"timestamp\":\"",
    "\"account\":{\"provider\":\"",
    "\",\"provider_name\":\"",
    "\",\"origin_owner_id\":\"",
    "\",\"origin_owner_name\":\"",
    "\",\"origin_username\":\"",
    "\",\"label\":\"",
    "\",\"type\":\"production\"",
    "\",\"type\":\"",
    ",\"created_at\":\"",
    "\",\"updated_at\":\"",
    "\"},\"confirmed_at\":\"",
    "\",\"last_event_date\":\"",
    "\",\"taken_in\":{\"partition\":",
    ",\"offset\":",
    ",\"timestamp_ms\":",
];
/// This many fragments, the first ones, occur only in states with undecided work, with a recheck,
/// or of an account that vanished.
const UNSETTLED: u8 = 3;
/// Stands for the account's id.
const ID: u8 = 0x1c;
/// Begins a date: milliseconds since the epoch in [`DATE_BYTES`] bytes.
const DATE: u8 = 0x1d;
/// Begins a date of a higher precision: nanoseconds since the epoch in eight bytes.
const PRECISE_DATE: u8 = 0x1e;
/// Begins a byte that stands for itself. The JSON of states has none below 0x20.
const LITERAL: u8 = 0x1f;
/// Enough for milliseconds of ten thousand years.
const DATE_BYTES: usize = 6;
/// The longest text of a date: nanoseconds in the year 9999.
const LONGEST_DATE: usize = "9999-12-31T23:59:59.999999999Z".len();

/// Writes dates as [`Timestamp`] does.
const WRITTEN: DateTimePrinter = DateTimePrinter::new();

/// A record of the state topic: the length of the account's id, the id, and the packed value. A set
/// finds it by the id.
///
/// So an account takes one allocation and one place in a table, where a map takes two of each. With
/// a million accounts that is 26 MiB.
#[derive(Debug, Clone)]
pub(super) struct Packed(Box<[u8]>);

impl Packed {
    /// Packs the value of an account by means of `packing`, whose content it replaces.
    #[must_use]
    pub(super) fn new(id: &AccountId, value: &[u8], packing: &mut Vec<u8>) -> Self {
        Self::of(id.as_str().as_bytes(), value, packing)
    }

    /// Packs another value of the same account.
    #[must_use]
    pub(super) fn with_value(&self, value: &[u8]) -> Self {
        Self::of(self.id(), value, &mut Vec::new())
    }

    fn of(id: &[u8], value: &[u8], packed: &mut Vec<u8>) -> Self {
        packed.clear();
        // No id is longer than 128 bytes.
        packed.extend(u8::try_from(id.len()));
        packed.extend_from_slice(id);
        let mut rest = value;
        while let Some((byte, after)) = rest.split_first() {
            rest = if let Some((code, after)) = fragment(rest) {
                packed.push(code);
                after
            } else if Some(byte) == id.first()
                && let Some(after) = rest.strip_prefix(id)
            {
                packed.push(ID);
                after
            } else if let Some(after) = pack_date(rest, packed) {
                after
            } else {
                if *byte <= LITERAL {
                    packed.push(LITERAL);
                }
                packed.push(*byte);
                after
            };
        }
        Self(packed.as_slice().into())
    }

    /// Returns the account's id, in bytes.
    #[must_use]
    pub(super) fn id(&self) -> &[u8] {
        self.parts().0
    }

    /// Returns the account's id.
    #[must_use]
    pub(super) fn account(&self) -> Option<AccountId> {
        let id = str::from_utf8(self.id()).ok()?;
        AccountId::try_from(id).ok()
    }

    /// Unpacks the value.
    #[must_use]
    pub(super) fn unpack(&self) -> Vec<u8> {
        let (id, mut rest) = self.parts();
        let mut value = Vec::with_capacity(rest.len() * 3);
        while let Some((code, after)) = rest.split_first() {
            rest = after;
            match *code {
                ID => value.extend_from_slice(id),
                DATE => rest = unpack_date(after, DATE_BYTES, &mut value),
                PRECISE_DATE => rest = unpack_date(after, size_of::<i64>(), &mut value),
                LITERAL => {
                    value.extend(after.first());
                    rest = after.get(1..).unwrap_or_default();
                }
                code => match FRAGMENTS.get(usize::from(code)) {
                    Some(fragment) => value.extend_from_slice(fragment.as_bytes()),
                    None => value.push(code),
                },
            }
        }
        value
    }

    /// Whether the state may have undecided work or a recheck, or belong to an account that
    /// vanished. `false` is certain, `true` is not.
    #[must_use]
    pub(super) fn may_be_unsettled(&self) -> bool {
        let (_id, mut rest) = self.parts();
        while let Some((code, after)) = rest.split_first() {
            let skipped = match *code {
                code if code < UNSETTLED => return true,
                DATE => DATE_BYTES,
                PRECISE_DATE => size_of::<i64>(),
                LITERAL => 1,
                _ => 0,
            };
            rest = after.get(skipped..).unwrap_or_default();
        }
        false
    }

    /// Returns the account's id, and the packed value.
    fn parts(&self) -> (&[u8], &[u8]) {
        let (length, rest) = self.0.split_first().unwrap_or((&0, &[]));
        rest.split_at(usize::from(*length).min(rest.len()))
    }
}

impl Borrow<[u8]> for Packed {
    fn borrow(&self) -> &[u8] {
        self.id()
    }
}

impl Hash for Packed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl PartialEq for Packed {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Packed {}

/// The first and second bytes that fragments have.
const BEGINNINGS: ([bool; 256], [bool; 256]) = {
    let (mut first, mut second) = ([false; 256], [false; 256]);
    let mut code = 0;
    while code < FRAGMENTS.len() {
        let fragment = FRAGMENTS[code].as_bytes();
        first[fragment[0] as usize] = true;
        second[fragment[1] as usize] = true;
        code += 1;
    }
    (first, second)
};

/// Returns the code of the fragment with which `text` begins, and the rest of the text.
fn fragment(text: &[u8]) -> Option<(u8, &[u8])> {
    // Two bytes exclude almost every place where no fragment begins.
    let (first, second) = (text.first()?, text.get(1)?);
    if !BEGINNINGS.0[usize::from(*first)] || !BEGINNINGS.1[usize::from(*second)] {
        return None;
    }
    // The fourth is where most fragments differ.
    let fourth = text.get(3);
    let mut alike = (0..)
        .zip(&FRAGMENTS)
        .filter(|(_, fragment)| fragment.as_bytes().get(3) == fourth);
    alike.find_map(|(code, fragment)| {
        let after = text.strip_prefix(fragment.as_bytes())?;
        Some((code, after))
    })
}

/// Packs the date with which `text` begins. Returns the rest of the text.
fn pack_date<'t>(text: &'t [u8], packed: &mut Vec<u8>) -> Option<&'t [u8]> {
    if !matches!(
        text,
        [b'0'..=b'9', _, _, _, b'-', _, _, b'-', _, _, b'T', ..]
    ) {
        return None;
    }
    let mut date = text.iter().take(LONGEST_DATE);
    let end = date.position(|byte| *byte == b'Z')?;
    let (date, after) = text.split_at_checked(end)?;
    let time = time_of(date)?;
    let millis = u64::try_from(time.as_millisecond()).ok()?;
    if time.subsec_nanosecond() % 1_000_000 == 0 && millis < 1 << (8 * DATE_BYTES) {
        packed.push(DATE);
        packed.extend(&millis.to_le_bytes()[..DATE_BYTES]);
    } else {
        let nanos = u64::try_from(time.as_nanosecond()).ok()?;
        packed.push(PRECISE_DATE);
        packed.extend(nanos.to_le_bytes());
    }
    after.get(1..)
}

/// Returns the time that unpacking writes as this date and a `Z`; `None` where it would write the
/// time otherwise. To parse any date and write it again for that took 1 of 13 s of a restore.
fn time_of(date: &[u8]) -> Option<Timestamp> {
    let number = |digits: &[u8]| {
        let mut digits = digits.iter();
        digits.try_fold(0, |number: i32, digit| {
            let digit = digit.is_ascii_digit().then(|| i32::from(digit - b'0'))?;
            Some(number * 10 + digit)
        })
    };
    let two = |at: usize| i8::try_from(number(date.get(at..at + 2)?)?).ok();
    let (b':', b':') = (*date.get(13)?, *date.get(16)?) else {
        return None;
    };
    let nanos = match date.get(19..)? {
        [] => 0,
        [b'.', digits @ ..] if matches!(digits, [.., b'1'..=b'9']) => {
            let missing = 9_usize.checked_sub(digits.len())?;
            number(digits)? * 10_i32.pow(u32::try_from(missing).ok()?)
        }
        _ => return None,
    };
    let year = i16::try_from(number(date.get(..4)?)?).ok()?;
    let date = DateTime::new(year, two(5)?, two(8)?, two(11)?, two(14)?, two(17)?, nanos);
    Offset::UTC.to_timestamp(date.ok()?).ok()
}

/// Writes the date that the first `bytes` bytes of `packed` hold. Returns the rest of them.
fn unpack_date<'p>(packed: &'p [u8], bytes: usize, value: &mut Vec<u8>) -> &'p [u8] {
    let (date, after) = packed.split_at(bytes.min(packed.len()));
    let mut number = [0; size_of::<u64>()];
    number[..date.len()].copy_from_slice(date);
    let number = i128::from(u64::from_le_bytes(number));
    let nanos = if bytes == DATE_BYTES {
        number * 1_000_000
    } else {
        number
    };
    if let Ok(time) = Timestamp::from_nanosecond(nanos) {
        // A vector takes whatever is written.
        drop(WRITTEN.print_timestamp(&time, value));
    }
    after
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STATE: &str = include_str!("../../../../../schemas/fixtures/records/state.active.json");
    const PENDING: &str =
        include_str!("../../../../../schemas/fixtures/records/state.pending.json");
    const DEGRADED: &str =
        include_str!("../../../../../schemas/fixtures/records/state.degraded.json");

    fn id(id: &str) -> AccountId {
        AccountId::try_from(id).unwrap()
    }

    fn pack(value: &[u8]) -> Packed {
        Packed::new(&id("b7d1c"), value, &mut Vec::new())
    }

    fn unpack(packed: &Packed) -> Vec<u8> {
        packed.unpack()
    }

    /// Returns a state as it is on the topic: in the order of the contract, without spaces.
    fn on_the_topic(fixture: &str) -> Vec<u8> {
        let state: stackone_link_schemas::AccountState = serde_json::from_str(fixture).unwrap();
        serde_json::to_vec(&state).unwrap()
    }

    #[test]
    fn a_state_takes_less_than_half_the_room() {
        let value = on_the_topic(STATE);
        let packed = pack(&value);
        assert!(
            packed.0.len() * 5 < value.len() * 2,
            "{} of {} bytes",
            packed.0.len(),
            value.len()
        );
        assert_eq!(unpack(&packed), value);
    }

    #[test]
    fn an_unsettled_state_is_never_taken_to_be_settled() {
        assert!(pack(&on_the_topic(PENDING)).may_be_unsettled());
        assert!(pack(&on_the_topic(DEGRADED)).may_be_unsettled());
        assert!(pack(PENDING.as_bytes()).may_be_unsettled());
        assert!(pack(br#"{"version":1,"pending":{}}"#).may_be_unsettled());
        assert!(pack(br#"{"version":1,"vanished_at":""}"#).may_be_unsettled());
        assert!(!pack(br#"{"account_id":"a","label":"x"}"#).may_be_unsettled());
    }

    #[test]
    fn dates_of_any_precision_come_back_as_they_were() {
        for date in [
            "2026-03-05T16:40:02.771Z",
            "2026-03-05T16:40:03.52Z",
            "2026-03-05T16:40:03Z",
            "2026-03-05T16:40:03.5200Z",
            "2026-03-05T16:40:03.123456789Z",
            "2026-03-05T16:40:03.1234567891Z",
            "2026-03-05T16:40:03.000Z",
            "2026-03-05T16:40:03.Z",
            "2026-03-05T16:40:60Z",
            "2026-03-05T24:00:00Z",
            "2026-02-29T16:40:03Z",
            "2026-03-05T16.40.03Z",
            "2026-03-05T16:40Z",
            "0000-01-01T00:00:00Z",
            "1969-12-31T23:59:59.999Z",
            "9999-12-30T22:00:00Z",
            "2026-13-05T16:40:02.771Z",
            "2026-03-05 16:40:02.771Z",
            "2026-03-05T16:40:02.771+00:00",
        ] {
            let value = format!(r#"{{"account_id":"a","confirmed_at":"{date}"}}"#);
            let packed = pack(value.as_bytes());
            assert_eq!(unpack(&packed), value.as_bytes(), "{date}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back_as_they_were(value in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(unpack(&pack(&value)), value);
        }

        #[test]
        fn any_mixture_of_fragments_dates_ids_and_text_comes_back_as_it_was(
            parts in proptest::collection::vec(
                prop_oneof![
                    proptest::sample::select(FRAGMENTS.to_vec()).prop_map(str::to_owned),
                    (any::<i32>(), 0i32..1_000_000_000).prop_map(|(seconds, nanos)| {
                        Timestamp::new(i64::from(seconds), nanos.min(nanos * seconds.signum())).unwrap_or_default().to_string()
                    }),
                    Just("b7d1c".to_owned()),
                    ".{0,20}",
                ],
                0..20,
            )
        ) {
            let value = parts.concat();
            prop_assert_eq!(unpack(&pack(value.as_bytes())), value.as_bytes());
        }
    }
}
