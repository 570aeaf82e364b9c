//! The request that creates a link session.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AccountId;
use crate::open_enum::open_enum;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LinkSessionCreated {
    /// Where the person links.
    /// From the request.
    ///
    /// Example: `"hub"`
    pub channel: LinkChannel,
    /// How long it may be opened and minted for, in seconds after this fact.
    /// From the request, else by the channel.
    ///
    /// Example: `3600`
    pub expires_in: u32,
    /// Name of the customer.
    /// From the state topic: the customer's oldest account; else from the request or the JWT.
    ///
    /// Example: `"Acme Manufacturing Ltd"`
    pub tenant_name: String,
    /// Who links. Personal data; absent where connect is configured with `include_user_name =
    /// false`. From the request or the JWT.
    ///
    /// Example: `"dana@acme.example"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// The connector that is to be linked; the person chooses where it is absent.
    /// From the request.
    ///
    /// Example: `"bamboohr"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The categories that the person chooses from.
    /// From the request.
    ///
    /// Example: `["hris"]`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// The account that is to be linked again; a new one where it is absent.
    /// From the request.
    ///
    /// Example: `"GnQoASvosYhE5wJcmmAQs"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// That account's version.
    /// From the state topic.
    ///
    /// Example: `3`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_version: Option<u64>,
    /// Whether the customer may have several accounts of the provider.
    /// From the request.
    ///
    /// Example: `false`
    #[serde(default)]
    pub multiple: bool,
    /// Production or test.
    /// From the request.
    ///
    /// Example: `"production"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_type: Option<crate::AccountType>,
    /// StackOne's connector profile.
    /// From the request.
    ///
    /// Example: `"profile-1"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_profile_id: Option<String>,
    /// A label for the new account.
    /// From the request.
    ///
    /// Example: `"HR, main plant"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Where the page of a mailed link leads on to.
    /// From the request.
    ///
    /// Example: `"https://app.acme.example/settings"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
    /// SHA-256 of the request, in hexadecimal: the same `Idempotency-Key` with another request is
    /// refused. From the request.
    ///
    /// Example: `"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
    pub request_digest: String,
}

open_enum! {
    /// Where a person links an account.
    pub enum LinkChannel {
        /// In the host's own page, by the element.
        Hub = "hub",
        /// On the page of a mailed link.
        Link = "link",
    }
}
