//! Values that several commands take.

use jiff::Timestamp;
use stackone_link_schemas::AccountId;

pub(crate) fn account(text: &str) -> Result<AccountId, String> {
    AccountId::try_from(text).map_err(|error| error.to_string())
}

/// Parses a time, or how long ago it was.
pub(crate) fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let ago = humantime_serde::re::humantime::parse_duration(text).map_err(|error| {
        format!("neither a time like 2026-01-31T08:00:00Z nor a duration like 2h: {error}")
    })?;
    Timestamp::now()
        .checked_sub(ago)
        .map_err(|error| error.to_string())
}
