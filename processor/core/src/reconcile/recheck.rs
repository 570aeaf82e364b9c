//! The schedule of rechecks for an account that is degraded or failed, in case its webhook never
//! comes.

use jiff::{SignedDuration, Timestamp};
use stackone_link_schemas::Recheck;

const MINUTES: [i64; 4] = [1, 5, 30, 120];
const DAILY: u32 = 7;

/// Returns recheck number `step`; `None` after the last. They come after 1, 5 and 30 minutes, after
/// 2 hours, then daily for 7 days.
#[must_use]
pub fn due(step: u32, now: Timestamp) -> Option<Recheck> {
    let first_daily = u32::try_from(MINUTES.len()).unwrap_or(u32::MAX);
    let wait = match MINUTES.get(usize::try_from(step).unwrap_or(usize::MAX)) {
        Some(minutes) => SignedDuration::from_mins(*minutes),
        None if step < first_daily + DAILY => SignedDuration::from_hours(24),
        None => return None,
    };
    Some(Recheck {
        step,
        due_at: now.saturating_add(wait).unwrap_or(Timestamp::MAX),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rechecks_thin_out_and_end_after_a_week() {
        let start = Timestamp::UNIX_EPOCH;
        let waits: Vec<i64> = (0..)
            .map_while(|step| due(step, start))
            .map(|recheck| recheck.due_at.duration_since(start).as_mins())
            .collect();
        assert_eq!(
            waits,
            [1, 5, 30, 120, 1440, 1440, 1440, 1440, 1440, 1440, 1440]
        );
    }
}
