//! Connect sessions: what StackOne is asked for, and what it answers (StackOne `OpenAPI`,
//! `POST /connect_sessions`).

use std::fmt;

use secrecy::SecretString;
use serde::Serialize;
use stackone_link_schemas::json::JsonObject;
use stackone_link_schemas::{AccountId, AccountType};
use url::Url;

use crate::{ApiError, is_https_or_loopback};

/// A request for a connect session. What is `None` or empty is not sent.
///
/// Owner id, owner name and provider decide whether StackOne creates an account or edits one that
/// is there, unless `multiple` is set.
#[derive(Clone, PartialEq, Serialize)]
pub struct ConnectSessionRequest {
    /// **Your** id of the customer. Only a server may choose it: it names the tenant.
    pub origin_owner_id: String,
    /// The customer's name. A changed one may make a second account.
    pub origin_owner_name: String,
    /// The name of the person who links the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin_username: Option<String>,
    /// The only provider to show, for instance `bamboohr`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The only categories of providers to show, for instance `hris`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// The account to edit. That it is the customer's must be known before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// The connector profile that the account is linked with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector_profile_id: Option<String>,
    /// A text that the account then carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether a second account of the same owner and provider is meant. Has no effect with an
    /// `account_id`. StackOne's default is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiple: Option<bool>,
    /// Production or test. StackOne's default is production.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub account_type: Option<AccountType>,
    /// Life of the token, in seconds. StackOne's default is 1800.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u32>,
    /// Arbitrary members kept with the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<serde_json::Map<String, serde_json::Value>>,
}

impl ConnectSessionRequest {
    /// A request for this customer, everything else being StackOne's default.
    #[must_use]
    pub const fn new(origin_owner_id: String, origin_owner_name: String) -> Self {
        Self {
            origin_owner_id,
            origin_owner_name,
            origin_username: None,
            provider: None,
            categories: Vec::new(),
            account_id: None,
            connector_profile_id: None,
            label: None,
            multiple: None,
            account_type: None,
            expires_in: None,
            metadata: None,
        }
    }
}

/// Without names, label and metadata, which must not get into a log.
impl fmt::Debug for ConnectSessionRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ConnectSessionRequest")
            .field("provider", &self.provider)
            .field("account_id", &self.account_id)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// A connect session that StackOne made. Whoever has the token, or the link, can link accounts in
/// the customer's name until it expires.
#[derive(Debug, Clone)]
pub struct ConnectSession {
    /// The token for the Hub.
    pub token: SecretString,
    /// StackOne's own page, with the token in its query. Absent where the answer has no link that
    /// is https (or http to loopback): a page sends people there.
    pub auth_link_url: Option<SecretString>,
}

/// Reads the answer to a request for a connect session. Only what is used is read.
///
/// # Errors
///
/// [`ApiError::Unreadable`] where it has no token.
pub fn parse_connect_session(body: &[u8]) -> Result<ConnectSession, ApiError> {
    let answer = JsonObject::parse(body)
        .ok_or_else(|| ApiError::unreadable("not a connect session: no JSON object"))?;
    let token = answer.text("token").filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| ApiError::unreadable("a connect session without token"))?;
    let link = answer.text("auth_link_url").filter(|link| is_safe(link));
    Ok(ConnectSession {
        token: token.into_owned().into(),
        auth_link_url: link.map(|link| link.into_owned().into()),
    })
}

fn is_safe(link: &str) -> bool {
    Url::parse(link).is_ok_and(|url| is_https_or_loopback(&url))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(body: &str) -> Option<(String, Option<String>)> {
        let session = parse_connect_session(body.as_bytes()).ok()?;
        let link = session.auth_link_url;
        Some((
            session.token.expose_secret().to_owned(),
            link.map(|link| link.expose_secret().to_owned()),
        ))
    }

    #[test]
    fn the_documented_connect_session_is_read() {
        let body = include_str!("../../../schemas/fixtures/connect_sessions.post.201.json");
        let (token, link) = read(body).unwrap();
        assert_eq!(token, "fixture-connect-session-token");
        assert!(link.is_some_and(|link| link.ends_with(&token)));
    }

    #[test]
    fn unused_members_of_a_connect_session_may_be_anything() {
        let odd = r#"{"id":"x","metadata":1e400,"label":"\ud83d","label":2,"token":"t",
            "auth_link_url":"https://app.stackone.com/x?token=t"}"#;
        assert!(matches!(read(odd), Some((token, Some(_))) if token == "t"));
    }

    #[test]
    fn a_connect_session_without_a_token_is_unreadable_and_an_unsafe_link_is_left_out() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"token":""}"#,
            r#"{"token":7}"#,
            r#"{"token":"\ud83d"}"#,
        ] {
            assert_eq!(read(body), None, "{body}");
        }
        for link in [
            "null",
            "7",
            r#""javascript:alert(1)""#,
            r#""http://example.com/""#,
            r#""x""#,
        ] {
            let body = format!(r#"{{"token":"t","auth_link_url":{link}}}"#);
            assert_eq!(read(&body), Some(("t".to_owned(), None)), "{link}");
        }
    }

    #[test]
    fn a_request_for_a_connect_session_has_only_members_that_are_set() {
        let mut request = ConnectSessionRequest::new("t1".to_owned(), "Acme".to_owned());
        let json = serde_json::to_string(&request).unwrap();
        assert_eq!(
            json,
            r#"{"origin_owner_id":"t1","origin_owner_name":"Acme"}"#
        );
        request.account_type = Some(AccountType::Test);
        request.categories = vec!["hris".to_owned()];
        request.multiple = Some(false);
        let json = serde_json::to_string(&request).unwrap();
        assert!(json.ends_with(r#""categories":["hris"],"multiple":false,"type":"test"}"#));
        assert!(!format!("{request:?}").contains("Acme"));
    }
}
