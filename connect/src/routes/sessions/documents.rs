//! What is said of link sessions, as `openapi.json` has it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stackone_link_schemas::AccountId;
use uuid::Uuid;

use crate::hub::HubDocument;
use crate::session::SessionState;

/// A session that was made.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CreatedSession {
    /// Its id.
    pub(crate) id: Uuid,
    /// Where it stands.
    pub(crate) state: SessionState,
    /// For the element, in the host's page.
    pub(crate) client_token: String,
    /// The address of a mailed link, with its secret in the fragment. Only of the channel `link`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link_url: Option<String>,
    /// Until when it may be opened and minted.
    pub(crate) expires_at: Timestamp,
    /// Where its event stream is.
    pub(crate) events_url: String,
}

/// A session as its tenant sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SessionDocument {
    /// Its id.
    pub(crate) id: Uuid,
    /// `hub` or `link`.
    pub(crate) channel: String,
    /// When it was asked for.
    pub(crate) created_at: Timestamp,
    /// The label for the new account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// What its page sees.
    #[serde(flatten)]
    pub(crate) seen: ClientSession,
}

/// A session as the holder of its client token sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct ClientSession {
    /// Where it stands.
    pub(crate) state: SessionState,
    /// The connector that was asked for, or that the account is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<String>,
    /// Why it failed; or `recovered`, where the account works again without it.
    #[schemars(with = "Vec<String>")]
    pub(crate) reasons: Vec<String>,
    /// Until when it may be opened and minted.
    pub(crate) expires_at: Timestamp,
    /// The account that is linked again, or that was linked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account_id: Option<AccountId>,
    /// Where the page leads on to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) return_url: Option<String>,
}

/// Sessions of a tenant.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SessionsPage {
    /// The newest first.
    pub(crate) sessions: Vec<SessionDocument>,
    /// As of when everything is read.
    pub(crate) as_of: Timestamp,
}

/// The answer to *Continue*.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OpenedSession {
    /// For the element.
    pub(crate) client_token: String,
    /// Until when the session may be opened and minted.
    pub(crate) expires_at: Timestamp,
}

/// A session of StackOne's, made now.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MintedToken {
    /// For the Hub.
    pub(crate) token: String,
    /// StackOne's own page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auth_link_url: Option<String>,
    /// Until when the token is good.
    pub(crate) expires_at: Timestamp,
    /// How the Hub is loaded; `null` where there is none: then the person goes to `auth_link_url`.
    pub(crate) hub: Option<HubDocument>,
}

/// What the Hub said.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub(crate) struct HintRequest {
    /// The account that it names.
    pub(crate) account_id: AccountId,
    /// Its connector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<String>,
}
