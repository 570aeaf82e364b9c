//! What becomes of the webhook that a change causes.

use serde::{Deserialize, Serialize};

/// What becomes of the webhook that a change causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    /// It is delivered.
    #[default]
    Send,
    /// It is sent and never arrives. The deliveries show it as lost.
    Lose,
    /// There is none. (Whether StackOne announces every change of status is not documented.)
    Silent,
}
