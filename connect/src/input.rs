//! What a request may say. Every text that is shown, sent on or put into a URL is bounded here.

mod text;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest as _, Sha256};
use stackone_link_schemas::{AccountId, AccountType, LinkChannel, LinkSessionCreated};
use url::Url;

use crate::jwt::MAX_TENANT_ID;
use crate::problem::Problem;

pub(crate) use text::idempotency_key;
use text::{is_clean, is_word, may_return_to};

/// Longest label, in characters.
const MAX_LABEL: usize = 100;
/// Longest name, in characters.
const MAX_NAME: usize = 255;
/// Most categories.
const MAX_CATEGORIES: usize = 20;
const HOUR: u32 = 60 * 60;
const DAY: u32 = 24 * HOUR;

/// What is asked for with `POST /v1/link-sessions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSession {
    /// Whose account is to be linked. With a service token only; a JWT says it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<NamedTenant>,
    /// The StackOne project, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) project: Option<String>,
    /// The connector; the person chooses where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<String>,
    /// The categories that the person chooses from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) categories: Vec<String>,
    /// The account to link again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account_id: Option<AccountId>,
    /// Whether there may be several accounts of the provider.
    #[serde(default)]
    pub(crate) multiple: bool,
    /// `production` or `test`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub(crate) account_type: Option<AccountType>,
    /// StackOne's connector profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) connector_profile_id: Option<String>,
    /// Where the person links: `hub` (the element in a page) or `link` (a mailed link).
    pub(crate) channel: Channel,
    /// A label for the new account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// Where the page of a mailed link leads on to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) return_url: Option<String>,
    /// Seconds; by default 1 hour (at most 24) in a page, 7 days (at most 30) by a mailed link.
    #[serde(
        default,
        deserialize_with = "whole_seconds",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 1, max = 2_592_000))]
    pub(crate) expires_in: Option<u32>,
}

/// Reads seconds. In JSON Schema, and so in the document, `60.0` is as whole as `60`.
fn whole_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let text = number.to_string();
    let whole = text.strip_suffix(".0").unwrap_or(&text);
    whole.parse().map(Some).map_err(D::Error::custom)
}

/// Where the person links.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Channel {
    /// In the host's own page.
    #[default]
    Hub,
    /// On the page of a mailed link.
    Link,
}

/// A tenant as a service caller names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedTenant {
    /// Your id of the customer: StackOne's `origin_owner_id`.
    pub(crate) id: String,
    /// The customer's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Who links, as you call them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_name: Option<String>,
}

impl NewSession {
    /// What is wrong with it. `return_origins` are the origins that pages may lead on to.
    pub(crate) fn check(&self, return_origins: &[Url]) -> Result<(), Problem> {
        let word = |text: &Option<String>| text.as_deref().is_none_or(is_word);
        if !word(&self.provider) || !word(&self.connector_profile_id) {
            return Err(Problem::invalid(
                "provider and connector_profile_id are 1 to 128 characters of [A-Za-z0-9._-]",
            ));
        }
        let categories = &self.categories;
        if categories.len() > MAX_CATEGORIES || !categories.iter().all(|text| is_word(text)) {
            return Err(Problem::invalid(
                "categories are at most 20 words of [A-Za-z0-9._-]",
            ));
        }
        if matches!(self.account_type, Some(AccountType::Other(_))) {
            return Err(Problem::invalid("type is production or test"));
        }
        if self
            .label
            .as_deref()
            .is_some_and(|label| !is_clean(label, MAX_LABEL))
        {
            return Err(Problem::invalid(
                "label is 1 to 100 characters without control or bidi characters",
            ));
        }
        if let Some(url) = &self.return_url
            && !may_return_to(url, return_origins)
        {
            return Err(Problem::invalid(
                "return_url is an https URL of at most 2048 bytes, without user, of a configured origin",
            ));
        }
        self.expires_in()?;
        Ok(())
    }

    fn expires_in(&self) -> Result<u32, Problem> {
        let (usual, most) = match self.channel {
            Channel::Hub => (HOUR, DAY),
            Channel::Link => (7 * DAY, 30 * DAY),
        };
        match self.expires_in.unwrap_or(usual) {
            seconds if (1..=most).contains(&seconds) => Ok(seconds),
            _ => Err(Problem::invalid(
                "expires_in is too long for its channel, or 0",
            )),
        }
    }

    /// The fact that it becomes.
    pub(crate) fn fact(
        self,
        tenant_name: String,
        user_name: Option<String>,
    ) -> Result<LinkSessionCreated, Problem> {
        Ok(LinkSessionCreated {
            expires_in: self.expires_in()?,
            request_digest: self.digest(),
            channel: match self.channel {
                Channel::Hub => LinkChannel::Hub,
                Channel::Link => LinkChannel::Link,
            },
            tenant_name,
            user_name,
            provider: self.provider,
            categories: self.categories,
            account_id: self.account_id,
            account_version: None,
            multiple: self.multiple,
            account_type: self.account_type,
            connector_profile_id: self.connector_profile_id,
            label: self.label,
            return_url: self.return_url,
        })
    }

    /// What tells one request from another under one `Idempotency-Key`.
    pub(crate) fn digest(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        let digest = Sha256::digest(json);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl NamedTenant {
    pub(crate) fn check(&self) -> Result<(), Problem> {
        let is_id =
            (1..=MAX_TENANT_ID).contains(&self.id.len()) && is_clean(&self.id, MAX_TENANT_ID);
        let names = [&self.name, &self.user_name].into_iter().flatten();
        if !is_id || names.into_iter().any(|name| !is_clean(name, MAX_NAME)) {
            return Err(Problem::invalid(
                "a tenant's id is 1 to 128 bytes, names at most 255 characters, without control or bidi characters",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
