//! The session that an `Idempotency-Key` stands for.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// How long an `Idempotency-Key` stands for the same session.
const KEY_LIFE: SignedDuration = SignedDuration::from_hours(24);
const DAY: i64 = 24 * 60 * 60;

/// What a key stands for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OfKey {
    /// This session, which exists.
    Made(Uuid),
    /// None yet; one that is made has this id.
    Free(Uuid),
}

/// Looks up a key. `id` makes an id of a day since 1970, so that no id comes back: the facts of a
/// session, and its link, outlast what is remembered of it. `created_at` is of a session that
/// exists.
///
/// The days beside today are looked at for midnight, and for clocks of replicas that differ. The
/// oldest session counts.
pub(super) fn of_key(
    now: Timestamp,
    id: impl Fn(u32) -> Uuid,
    created_at: impl Fn(Uuid) -> Option<Timestamp>,
) -> OfKey {
    let today = u32::try_from(now.as_second() / DAY).unwrap_or_default();
    let tomorrow = today.saturating_add(1);
    let ids = [today.saturating_sub(1), today, tomorrow].map(id);
    let made = ids.iter().filter_map(|id| Some((created_at(*id)?, *id)));
    let lives = |(at, _): &(Timestamp, Uuid)| now.duration_since(*at) < KEY_LIFE;
    if let Some((_, id)) = made.filter(lives).min() {
        return OfKey::Made(id);
    }
    let [_, today, tomorrow] = ids;
    match created_at(today) {
        None => OfKey::Free(today),
        Some(_) => OfKey::Free(tomorrow),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Uses the key at this second, and returns its session.
    fn used(made: &mut BTreeMap<Uuid, Timestamp>, second: i64) -> Uuid {
        let now = Timestamp::from_second(second).unwrap();
        let id = |day: u32| Uuid::from_u128(day.into());
        match of_key(now, id, |id| made.get(&id).copied()) {
            OfKey::Made(id) => id,
            OfKey::Free(id) => {
                assert_eq!(made.insert(id, now), None);
                id
            }
        }
    }

    #[test]
    fn a_key_whose_session_is_forgotten_stands_for_another_one() {
        let start = 20_000 * DAY + 7;
        let mut made = BTreeMap::new();
        let first = used(&mut made, start);
        made.clear();
        assert_ne!(used(&mut made, start + 8 * DAY), first);
    }

    #[test]
    fn of_two_sessions_that_were_made_at_midnight_the_older_one_counts() {
        let midnight = 20_000 * DAY;
        let at = |second| Timestamp::from_second(second).unwrap();
        let [before, after] = [19_999, 20_000].map(Uuid::from_u128);
        let mut made = BTreeMap::from([(before, at(midnight)), (after, at(midnight - 1))]);
        assert_eq!(used(&mut made, midnight), after);
        assert_eq!(used(&mut made, midnight - 2), after, "a slower clock");
    }

    proptest! {
        #[test]
        fn a_key_stands_for_one_session_a_day_and_for_another_one_then(
            waits in proptest::collection::vec((0..2 * DAY, -60..60_i64), 1..40)
        ) {
            let mut made = BTreeMap::new();
            let mut second = 20_000 * DAY;
            for (wait, clock) in waits {
                second += wait;
                let id = used(&mut made, second + clock);
                let age = second + clock - made[&id].as_second();
                prop_assert!(age < DAY, "{age}");
                let newer = made.values().filter(|at| at.as_second() > made[&id].as_second());
                prop_assert!(newer.count() <= 1);
            }
        }
    }
}
