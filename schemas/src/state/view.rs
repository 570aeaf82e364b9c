//! A state for readers that do not write it again: texts are borrowed, and unknown members are
//! skipped.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Error;

use super::{AccountPhase, AccountState, Pending, Recheck, TakenIn};
use crate::json::Text;
use crate::{AccountId, AccountSnapshot, AccountStatus, AccountType, StatusReason};

/// An [`AccountState`] without the members that its readers do not need. The others are those of
/// that type.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AccountStateView<'a> {
    /// See [`AccountState::account_id`].
    pub account_id: AccountId,
    /// See [`AccountState::project_id`].
    #[serde(borrow, default, deserialize_with = "text")]
    pub project_id: Option<Cow<'a, str>>,
    /// See [`AccountState::state`].
    pub state: AccountPhase,
    /// See [`AccountState::version`].
    pub version: u64,
    /// See [`AccountState::status`].
    #[serde(default)]
    pub status: Option<AccountStatus>,
    /// See [`AccountState::status_reasons`].
    #[serde(default)]
    pub status_reasons: Vec<StatusReason>,
    /// See [`AccountState::account`].
    #[serde(borrow, default)]
    pub account: Option<AccountView<'a>>,
    /// See [`AccountState::confirmed_at`].
    #[serde(default)]
    pub confirmed_at: Option<Timestamp>,
    /// See [`AccountState::last_event_date`].
    #[serde(default)]
    pub last_event_date: Option<Timestamp>,
    /// See [`AccountState::taken_in`].
    #[serde(default)]
    pub taken_in: Option<TakenIn>,
    /// See [`AccountState::pending`].
    #[serde(default)]
    pub pending: Option<Pending>,
    /// See [`AccountState::recheck`].
    #[serde(default)]
    pub recheck: Option<Recheck>,
    /// See [`AccountState::vanished_at`].
    #[serde(default)]
    pub vanished_at: Option<Timestamp>,
}

/// An [`AccountSnapshot`] up to [`AccountSnapshot::created_at`].
// The members are in the order of the whole type: a value that is written as an array is read by
// position.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AccountView<'a> {
    /// See [`AccountSnapshot::provider`].
    #[serde(borrow)]
    pub provider: Cow<'a, str>,
    /// See [`AccountSnapshot::provider_name`].
    #[serde(borrow, default, deserialize_with = "text")]
    pub provider_name: Option<Cow<'a, str>>,
    /// See [`AccountSnapshot::origin_owner_id`].
    #[serde(borrow)]
    pub origin_owner_id: Cow<'a, str>,
    /// See [`AccountSnapshot::origin_owner_name`].
    #[serde(borrow, default, deserialize_with = "text")]
    pub origin_owner_name: Option<Cow<'a, str>>,
    /// See [`AccountSnapshot::origin_username`].
    #[serde(borrow, default, deserialize_with = "text")]
    pub origin_username: Option<Cow<'a, str>>,
    /// See [`AccountSnapshot::label`].
    #[serde(borrow, default, deserialize_with = "text")]
    pub label: Option<Cow<'a, str>>,
    /// See [`AccountSnapshot::account_type`].
    #[serde(rename = "type", default)]
    pub account_type: Option<AccountType>,
    /// See [`AccountSnapshot::created_at`].
    #[serde(default)]
    pub created_at: Option<Timestamp>,
}

impl<'a> AccountStateView<'a> {
    /// Reads what [`AccountState::parse`] reads, and refuses what that refuses.
    ///
    /// # Errors
    ///
    /// Fails where a member is unreadable by which the processor decides.
    pub fn parse(value: &'a [u8]) -> Result<Self, Error> {
        match Self::plain(value) {
            Some(view) => Ok(view),
            // Something is odd in it: only `AccountState::parse` decides whether that matters.
            None => AccountState::parse(value).map(Self::from),
        }
    }

    /// Reads a state whose members are all as they should be; `None` for any other.
    fn plain(value: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?;
        // A derived reader takes arrays for structs, which the whole type does not.
        let is_object = text.trim_ascii_start().starts_with('{');
        is_object.then(|| serde_json::from_str(text).ok())?
    }
}

impl From<AccountState> for AccountStateView<'_> {
    fn from(state: AccountState) -> Self {
        Self {
            account_id: state.account_id,
            project_id: state.project_id.map(Cow::Owned),
            state: state.state,
            version: state.version,
            status: state.status,
            status_reasons: state.status_reasons,
            account: state.account.map(AccountView::from),
            confirmed_at: state.confirmed_at,
            last_event_date: state.last_event_date,
            taken_in: state.taken_in,
            pending: state.pending,
            recheck: state.recheck,
            vanished_at: state.vanished_at,
        }
    }
}

impl From<AccountSnapshot> for AccountView<'_> {
    fn from(account: AccountSnapshot) -> Self {
        Self {
            provider: Cow::Owned(account.provider),
            provider_name: account.provider_name.map(Cow::Owned),
            origin_owner_id: Cow::Owned(account.origin_owner_id),
            origin_owner_name: account.origin_owner_name.map(Cow::Owned),
            origin_username: account.origin_username.map(Cow::Owned),
            label: account.label.map(Cow::Owned),
            account_type: account.account_type,
            created_at: account.created_at,
        }
    }
}

/// serde borrows a text, but not an optional one.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    let text = Option::<Text<'de>>::deserialize(deserializer)?;
    Ok(text.map(|Text(text)| text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::strategies::{odd_members, odd_value};

    const PLAIN: &str = r#"{"account_id":"a","project_id":"p","state":"active","version":3,"account":{"provider":"q","origin_owner_id":"o"}}"#;

    fn whole(value: &[u8]) -> Option<AccountStateView<'static>> {
        AccountState::parse(value).ok().map(AccountStateView::from)
    }

    #[test]
    fn a_plain_state_is_read_without_the_whole_type_and_lends_its_texts() {
        let view = AccountStateView::plain(PLAIN.as_bytes()).unwrap();
        assert!(matches!(view.project_id, Some(Cow::Borrowed("p"))));
        let account = view.account.unwrap();
        assert!(matches!(account.origin_owner_id, Cow::Borrowed("o")));
        assert!(AccountStateView::plain(PLAIN.replace("\"p\"", "7").as_bytes()).is_none());
    }

    /// Returns the plain state with this member in its first place, or in that of its account; with
    /// or without the other members of that name.
    fn with(name: &str, value: &str, is_of_account: bool, is_twice: bool) -> String {
        let plain = match is_twice {
            true => PLAIN.to_owned(),
            false => PLAIN.replace(&format!(r#""{name}":"#), r#""other":"#),
        };
        let place = if is_of_account {
            plain.rfind('{')
        } else {
            plain.find('{')
        };
        let (before, after) = plain.split_at(place.unwrap() + 1);
        format!(r#"{before}"{name}":{value},{after}"#)
    }

    /// Takes the members from the schemas, so that a new one has to be considered.
    #[test]
    fn what_the_whole_type_refuses_is_refused_and_what_it_leaves_out_is_left_out() {
        let positions = r#"["q",null,"o",null,null,null,"2026-01-01T00:00:00Z"]"#;
        let odd = [
            "null",
            "7",
            "-1",
            "1e400",
            r#""\ud83d""#,
            "[]",
            "{}",
            positions,
        ];
        let types = [
            schemars::schema_for!(AccountState),
            schemars::schema_for!(AccountSnapshot),
        ];
        for (schema, is_of_account) in types.iter().zip([false, true]) {
            let members = schema.get("properties").and_then(|known| known.as_object());
            for (name, value) in members
                .unwrap()
                .keys()
                .flat_map(|name| odd.map(|odd| (name, odd)))
            {
                for is_twice in [false, true] {
                    let text = with(name, value, is_of_account, is_twice);
                    let view = AccountStateView::parse(text.as_bytes()).ok();
                    assert_eq!(view, whole(text.as_bytes()), "{text}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_object_in_utf_8_is_refused() {
        let array = br#"["a","p","active",3]"#;
        let latin = b"{\"account_id\":\"a\",\"state\":\"active\",\"version\":1,\"x\":\"\xfc\"}";
        let more = format!("{PLAIN}{PLAIN}");
        for text in [&array[..], &latin[..], more.as_bytes(), b"", b"null", b"{"] {
            assert!(AccountStateView::parse(text).is_err() && whole(text).is_none());
        }
    }

    proptest! {
        #[test]
        fn no_oddity_is_judged_otherwise_than_by_the_whole_type(
            odd in odd_members(), within in odd_value(), place in 0..3usize
        ) {
            let account = format!(r#"{{"provider":"p","origin_owner_id":"o",{odd},"label":{within}}}"#);
            let members = [
                format!(r#"{odd},"account":{account}"#),
                format!(r#""status_reasons":{within},"account":{account}"#),
                format!(r#""pending":{within},"account":{account}"#),
            ];
            let text = format!(r#"{{"account_id":"a","state":"active","version":3,{}}}"#, members[place]);
            prop_assert_eq!(AccountStateView::parse(text.as_bytes()).ok(), whole(text.as_bytes()));
        }

        #[test]
        fn no_change_of_a_byte_is_judged_otherwise(place in 0..PLAIN.len(), byte in any::<u8>()) {
            let mut text = PLAIN.as_bytes().to_vec();
            text[place] = byte;
            prop_assert_eq!(AccountStateView::parse(&text).ok(), whole(&text));
        }
    }
}
