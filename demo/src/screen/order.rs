//! The order of lines. What is seen of one webhook is seen by several watchers, some of which look
//! more often than others: the subscriber's line can be there before that of the lookup it is due
//! to. So lines are held for a moment. Pure.

use std::time::Duration;

use super::Line;

/// How long a line waits for those that belong before it.
const HOLD: Duration = Duration::from_millis(50);

/// Lines that are not shown yet, each with the time it came.
#[derive(Debug, Default)]
pub(super) struct Held(Vec<(Duration, Line)>);

impl Held {
    pub(super) fn hold(&mut self, at: Duration, line: Line) {
        self.0.push((at, line));
    }

    /// The lines that have waited long enough, and before them all that belong before them.
    pub(super) fn release(&mut self, now: Duration) -> Vec<(Duration, Line)> {
        let due = self.0.iter().filter(|(at, _)| *at + HOLD <= now);
        let Some(last) = due.map(|(_, line)| line.who).max() else {
            return Vec::new();
        };
        let released = self
            .0
            .extract_if(.., |(at, line)| *at + HOLD <= now || line.who < last);
        sorted(released.collect())
    }

    /// All of them.
    pub(super) fn release_all(&mut self) -> Vec<(Duration, Line)> {
        sorted(std::mem::take(&mut self.0))
    }
}

/// By the way of a webhook, then as they came. A line that goes before an earlier one has that
/// one's time: it was only seen later.
fn sorted(mut lines: Vec<(Duration, Line)>) -> Vec<(Duration, Line)> {
    lines.sort_by_key(|(_, line)| line.who);
    let mut latest = Duration::MAX;
    for (at, _) in lines.iter_mut().rev() {
        latest = latest.min(*at);
        *at = latest;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::{Tone, Who};

    fn line(who: Who) -> Line {
        Line {
            who,
            what: String::new(),
            account: String::new(),
            verdict: String::new(),
            tone: Tone::Good,
        }
    }

    fn shown(lines: &[(Duration, Line)]) -> Vec<(u128, Who)> {
        lines
            .iter()
            .map(|(at, line)| (at.as_millis(), line.who))
            .collect()
    }

    #[test]
    fn a_line_waits_for_those_that_belong_before_it() {
        let ms = Duration::from_millis;
        let mut held = Held::default();
        held.hold(ms(100), line(Who::Subscriber));
        held.hold(ms(120), line(Who::Processor));
        held.hold(ms(140), line(Who::Subscriber));
        assert_eq!(shown(&held.release(ms(149))), []);
        let expected = [(100, Who::Processor), (100, Who::Subscriber)];
        assert_eq!(shown(&held.release(ms(150))), expected);
        assert_eq!(shown(&held.release_all()), [(140, Who::Subscriber)]);
    }
}
