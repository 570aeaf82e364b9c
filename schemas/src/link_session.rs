//! Facts of link sessions, on a topic of their own: a session is the fold of its facts in log order.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::AccountId;
use crate::envelope::id_of_name;
use crate::open_enum::open_enum;

/// `ce_dataschema` of a [`LinkSessionFact`].
pub const LINK_SESSION_DATASCHEMA: &str = "urn:stackone-link:schema:link-session-fact:v1";

/// Something that happened to a link session: one person's attempt to link, or link again, an account.
///
/// The record's key is `{project_id}/{tenant_id}`, so that all facts of a tenant have one order. A
/// session counts as verified, or as cancelled, from the first fact that says so: nothing that comes
/// after it changes that. When a fact happened is the record's timestamp, which the broker sets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LinkSessionFact {
    /// The session. It is `ce_subject`, too.
    /// From `stackone-connect`.
    ///
    /// Example: `"0c6f5a3e-6a0f-5d0a-9a52-3f3c1a2b7d11"`
    pub session_id: Uuid,
    /// The StackOne project; absent where a single project serves everything.
    /// From `stackone-connect`'s configuration, `projects[].id`.
    ///
    /// Example: `"acmeinc-27270"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// Your id of the customer: the `origin_owner_id` of the account that is to be linked.
    /// From the request, by a service token or a JWT.
    ///
    /// Example: `"tenant_8f41c2"`
    pub tenant_id: String,
    /// What happened, and what is to be said of it.
    /// From `stackone-connect`.
    #[serde(flatten)]
    pub change: LinkSessionChange,
}

/// What happened to a link session. It is the record's `ce_type`, too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
pub enum LinkSessionChange {
    /// It was asked for.
    #[serde(rename = "link.session.created")]
    Created(Box<LinkSessionCreated>),
    /// The person of a mailed link pressed *Continue*.
    #[serde(rename = "link.session.opened")]
    Opened,
    /// StackOne is about to be asked for a session of its own.
    #[serde(rename = "link.session.token_minted")]
    TokenMinted(TokenMinted),
    /// The page said that StackOne has an account. A hint, never believed by itself.
    #[serde(rename = "link.session.linked_reported")]
    LinkedReported(LinkedReported),
    /// It was given up.
    #[serde(rename = "link.session.cancelled")]
    Cancelled,
    /// It was decided, by the confirmed state of an account.
    #[serde(rename = "link.session.settled")]
    Settled(LinkSessionSettled),
}

impl LinkSessionChange {
    /// Every `ce_type` there is.
    pub const TYPES: [&str; 6] = [
        "link.session.created",
        "link.session.opened",
        "link.session.token_minted",
        "link.session.linked_reported",
        "link.session.cancelled",
        "link.session.settled",
    ];

    /// Its `ce_type`.
    #[must_use]
    pub const fn event_type(&self) -> &'static str {
        let [
            created,
            opened,
            token_minted,
            linked_reported,
            cancelled,
            settled,
        ] = Self::TYPES;
        match self {
            Self::Created(_) => created,
            Self::Opened => opened,
            Self::TokenMinted(_) => token_minted,
            Self::LinkedReported(_) => linked_reported,
            Self::Cancelled => cancelled,
            Self::Settled(_) => settled,
        }
    }
}

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
    /// Who links. Personal data; absent where connect is configured with `include_user_name = false`.
    /// From the request or the JWT.
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
    /// SHA-256 of the request, in hexadecimal: the same `Idempotency-Key` with another request is refused.
    /// From the request.
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

/// What was known of the customer's accounts before StackOne was asked for a session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenMinted {
    /// Versions of the customer's accounts: what moves beyond them happened after this.
    /// From the state topic.
    ///
    /// Example: `{"GnQoASvosYhE5wJcmmAQs":3}`
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub versions: BTreeMap<AccountId, u64>,
    /// Whether the customer has more accounts than are listed.
    /// From the state topic.
    ///
    /// Example: `false`
    #[serde(default)]
    pub is_partial: bool,
}

/// What the page said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LinkedReported {
    /// The account that StackOne is said to have.
    /// From the Hub.
    ///
    /// Example: `"GnQoASvosYhE5wJcmmAQs"`
    pub account_id: AccountId,
    /// The connector.
    /// From the Hub.
    ///
    /// Example: `"bamboohr"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

/// How a session was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LinkSessionSettled {
    /// Verified or failed.
    /// From `stackone-connect`.
    ///
    /// Example: `"verified"`
    pub outcome: LinkOutcome,
    /// The account by which it was decided.
    /// From the state topic; where there is no such account, from the Hub.
    ///
    /// Example: `"GnQoASvosYhE5wJcmmAQs"`
    pub account_id: AccountId,
    /// That account's version.
    /// From the state topic.
    ///
    /// Example: `1`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Why, where it failed.
    /// From `stackone-connect`.
    ///
    /// Example: `["nothing_saved"]`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<LinkReason>,
}

/// Whether an account was linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkOutcome {
    /// The account is confirmed active.
    Verified,
    /// It is not, or nothing changed. A later try may still be verified.
    Failed,
}

open_enum! {
    /// Why nothing was linked.
    pub enum LinkReason {
        /// The connection still works; the new sign-in was not saved.
        NothingSaved = "nothing_saved",
        /// The provider still refuses.
        StillRefused = "still_refused",
        /// The account was unlinked meanwhile.
        AccountGone = "account_gone",
        /// StackOne does not know the account that the page named.
        NotFound = "not_found",
    }
}

impl LinkSessionFact {
    /// The record's key: all facts of a customer have one order.
    #[must_use]
    pub fn key(&self) -> String {
        link_session_key(self.project_id.as_deref(), &self.tenant_id)
    }
}

/// The key of records about the link sessions of a customer.
#[must_use]
pub fn link_session_key(project_id: Option<&str>, tenant_id: &str) -> String {
    format!("{}/{tenant_id}", project_id.unwrap_or_default())
}

/// The id of the session that a customer's `idempotency_key` stands for. `generation` counts how often
/// the key was used anew after its 24 hours.
#[must_use]
pub fn link_session_id(
    project_id: Option<&str>,
    tenant_id: &str,
    idempotency_key: &str,
    generation: u32,
) -> Uuid {
    let name = (
        "link-session",
        project_id,
        tenant_id,
        idempotency_key,
        generation,
    );
    id_of_name(&serde_json::to_vec(&name).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idempotency_key_stands_for_one_session_of_one_customer() {
        let id =
            |project, tenant, key, generation| link_session_id(project, tenant, key, generation);
        let one = id(Some("p"), "t", "k", 0);
        assert_eq!(one, id(Some("p"), "t", "k", 0));
        assert_eq!(one.get_version_num(), 5);
        for other in [
            id(None, "t", "k", 0),
            id(Some("p"), "u", "k", 0),
            id(Some("p"), "t", "l", 0),
            id(Some("p"), "t", "k", 1),
            id(Some("p\",\"t"), "", "k", 0),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_fact_of_a_later_version_with_more_members_is_read() {
        let text = r#"{"session_id":"0c6f5a3e-6a0f-5d0a-9a52-3f3c1a2b7d11","tenant_id":"t","later":1,
            "type":"link.session.token_minted","versions":{"a":3},"more":{}}"#;
        let fact: LinkSessionFact = serde_json::from_str(text).unwrap();
        let LinkSessionChange::TokenMinted(minted) = &fact.change else {
            panic!("{fact:?}");
        };
        assert_eq!(minted.versions[&AccountId::try_from("a").unwrap()], 3);
        assert_eq!(fact.change.event_type(), "link.session.token_minted");
        assert_eq!(fact.key(), "/t");
        let again: LinkSessionFact =
            serde_json::from_str(&serde_json::to_string(&fact).unwrap()).unwrap();
        assert_eq!(again, fact);
    }
}
