//! Facts of link sessions, on a topic of their own: a session is the fold of its facts in log
//! order.

mod created;
mod settled;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::AccountId;
use crate::envelope::id_of_name;

pub use created::{LinkChannel, LinkSessionCreated};
pub use settled::{LinkOutcome, LinkReason, LinkSessionSettled};

/// `ce_dataschema` of a [`LinkSessionFact`].
pub const LINK_SESSION_DATASCHEMA: &str = "urn:stackone-link:schema:link-session-fact:v1";

/// Something that happened to a link session: one person's attempt to link, or link again, an
/// account.
///
/// The record's key is `{project_id}/{tenant_id}`, so that all facts of a tenant have one order. A
/// session counts as verified, or as cancelled, from the first fact that says so: nothing that
/// comes after it changes that. When a fact happened is the record's timestamp, which the broker
/// sets.
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
    /// The change, with its details. From `stackone-connect`.
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
    /// Every `ce_type` of a fact.
    pub const TYPES: [&str; 6] = [
        "link.session.created",
        "link.session.opened",
        "link.session.token_minted",
        "link.session.linked_reported",
        "link.session.cancelled",
        "link.session.settled",
    ];

    /// Returns the `ce_type` of the fact.
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
    /// The newest `confirmed_at` of the accounts that are not listed, where there are such: one of
    /// them whose last transition was confirmed later has moved after this.
    /// From the state topic, so by the processor's clock, as what it is compared with.
    ///
    /// Example: `"2026-03-06T02:00:11.204Z"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlisted_confirmed_at: Option<Timestamp>,
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

impl LinkSessionFact {
    /// Returns the record's key: all facts of a customer have one order.
    #[must_use]
    pub fn key(&self) -> String {
        link_session_key(self.project_id.as_deref(), &self.tenant_id)
    }
}

/// Returns the key of records about the link sessions of a customer.
#[must_use]
pub fn link_session_key(project_id: Option<&str>, tenant_id: &str) -> String {
    format!("{}/{tenant_id}", project_id.unwrap_or_default())
}

/// Returns the id of the session for a customer's `idempotency_key`. `generation` is the day since
/// 1970 on which it is made, so that a key that is used again later makes another session.
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
