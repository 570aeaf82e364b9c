//! An account that answers 404 without a word of its deletion, of a webhook or of a look, is told
//! to be unlinked only when it has done so for as long as the grace period lasts.

use stackone_link_schemas::{
    ACCOUNT_LOOK_TYPE, AccountEvent, AccountLifecycleEvent, LifecycleType,
};

use crate::time::{MINUTE, Micros, SECOND};
use crate::world::Linked;

/// `reconcile.vanish_grace`, less what clocks may step and answers may take.
const LEAST: Micros = 10 * MINUTE - 30 * SECOND;

/// Whether an unlink waited for its grace period.
///
/// # Errors
///
/// Where it did not.
pub fn has_waited(account: &Linked, event: &AccountLifecycleEvent) -> Result<(), String> {
    let is_said = event
        .caused_by
        .iter()
        .any(|cause| [AccountEvent::DELETED, ACCOUNT_LOOK_TYPE].contains(&&*cause.event_type));
    if event.event_type != LifecycleType::Unlinked || event.status.is_some() || is_said {
        return Ok(());
    }
    let mut answers = account
        .shown
        .iter()
        .rev()
        .skip_while(|(_, _, truth)| truth.is_some());
    let Some((first, last, _)) = answers.next() else {
        return Err(format!("never answered 404: {event:?}"));
    };
    if last - first >= LEAST {
        Ok(())
    } else {
        Err(format!("404 from {first} to {last} only: {event:?}"))
    }
}
