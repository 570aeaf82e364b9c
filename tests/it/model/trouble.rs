//! What goes wrong with the accounts API in a history.

use std::time::Duration;

use stackone_simulator::{Fault, FaultRule, RetryAfter};

/// A fault that ends by itself and makes no dead letter.
pub(crate) fn fault(random: &mut fastrand::Rng) -> FaultRule {
    let times = random.u32(1..3);
    let delay = Duration::from_millis(random.u64(50..250));
    match random.u32(..13) {
        0..3 => stale(random),
        3 => FaultRule::next(8, Fault::Latency { delay }),
        4 => FaultRule::next(times, Fault::status(503)),
        5 => FaultRule::next(times, told_to_wait()),
        6 => FaultRule::next(1, Fault::too_many_requests(1)),
        7 => FaultRule::next(times, Fault::TruncatedJson),
        8 => FaultRule::next(times, Fault::Drop),
        9 => FaultRule::next(1, Fault::Hang),
        // A refused key is probed, another status may pass.
        10 => FaultRule::next(1, Fault::status(if times == 1 { 401 } else { 422 })),
        11 => FaultRule::next(times, not_stackones_404()),
        _ => FaultRule::next(times, Fault::WrongId),
    }
}

/// Answers that are old when they come.
pub(crate) fn stale(random: &mut fastrand::Rng) -> FaultRule {
    let delay = Duration::from_millis(random.u64(100..250));
    FaultRule::next(30, Fault::Stale { delay })
}

fn told_to_wait() -> Fault {
    Fault::Status {
        status: 500,
        retry_after: Some(RetryAfter::Seconds(1)),
        body: None,
    }
}

/// A gateway's 404 is nobody's word that an account is gone.
fn not_stackones_404() -> Fault {
    Fault::Status {
        status: 404,
        retry_after: None,
        body: Some("<html>no such page</html>".to_owned()),
    }
}
