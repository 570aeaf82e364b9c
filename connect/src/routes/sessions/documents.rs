//! The documents of link sessions; `openapi.json` is generated from these types.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stackone_link_schemas::AccountId;
use uuid::Uuid;

use crate::hub::HubDocument;
use crate::session::SessionState;

/// A session that was just created.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CreatedSession {
    /// The id of the session.
    pub(crate) id: Uuid,
    /// The state of the session.
    pub(crate) state: SessionState,
    /// The token that the host's page gives to the element.
    pub(crate) client_token: String,
    /// The address of a mailed link, whose fragment holds its secret. Only in the channel `link`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link_url: Option<String>,
    /// The time up to which the session may be opened and may get tokens.
    pub(crate) expires_at: Timestamp,
    /// The address of the session's event stream.
    pub(crate) events_url: String,
}

/// A session as its tenant sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SessionDocument {
    /// The id of the session.
    pub(crate) id: Uuid,
    /// The channel: `hub` or `link`.
    pub(crate) channel: String,
    /// The time of creation.
    pub(crate) created_at: Timestamp,
    /// The label that the new account gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// The part of the session that its page sees as well.
    #[serde(flatten)]
    pub(crate) seen: ClientSession,
}

/// A session as the holder of its client token sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct ClientSession {
    /// The state of the session.
    pub(crate) state: SessionState,
    /// The connector that was asked for, or that the account has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<String>,
    /// Why the session failed; `recovered`, where the account works again without it; or
    /// `ambiguous`, where another session may have led to the account, too.
    #[schemars(with = "Vec<String>")]
    pub(crate) reasons: Vec<String>,
    /// The time up to which the session may be opened and may get tokens.
    pub(crate) expires_at: Timestamp,
    /// The account that is linked again, or that was linked; where it is `ambiguous`, the one that
    /// may have been.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account_id: Option<AccountId>,
    /// The address that the page leads to at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) return_url: Option<String>,
}

/// The sessions of a tenant.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SessionsPage {
    /// The sessions, the newest first.
    pub(crate) sessions: Vec<SessionDocument>,
    /// The time up to which the answer takes everything into account.
    pub(crate) as_of: Timestamp,
}

/// The answer to *Continue*.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OpenedSession {
    /// The token that the page gives to the element.
    pub(crate) client_token: String,
    /// The time up to which the session may get tokens.
    pub(crate) expires_at: Timestamp,
}

/// A token that StackOne has just made.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MintedToken {
    /// The token for the Hub.
    pub(crate) token: String,
    /// The address of StackOne's own page, for this token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auth_link_url: Option<String>,
    /// The time up to which StackOne accepts the token.
    pub(crate) expires_at: Timestamp,
    /// How the page loads the Hub; `null` where there is none, and the person goes to
    /// `auth_link_url` instead.
    pub(crate) hub: Option<HubDocument>,
}

/// The account that the Hub has reported.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub(crate) struct HintRequest {
    /// The id of the account.
    pub(crate) account_id: AccountId,
    /// The connector of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<String>,
}
