//! Reads a state even where members are unreadable by which nothing is decided.

use serde::Deserialize;
use serde::de::Error as _;
use serde_json::value::RawValue;
use serde_json::{Error, Map, Value};

use super::AccountState;
use crate::json::{JsonObject, json_array, value_lossy};
use crate::{AccountSnapshot, StatusReason};

/// The members by which the processor decides. None of them may be ignored where it is unreadable:
/// versions would be used twice, or undecided triggers forgotten.
const DECISIVE: [&str; 11] = [
    "account_id",
    "project_id",
    "state",
    "version",
    "status",
    "confirmed_at",
    "last_event_date",
    "taken_in",
    "pending",
    "recheck",
    "vanished_at",
];
/// The members of the account that say who owns it.
const DECISIVE_OF_ACCOUNT: [&str; 2] = ["provider", "origin_owner_id"];

impl AccountState {
    /// Reads the value of a record of the state topic. Other members than the decisive ones (the
    /// snapshot, the reasons, members of later versions) are left out where they are unreadable,
    /// and their texts have U+FFFD for halves of surrogate pairs.
    ///
    /// # Errors
    ///
    /// Fails where a member is unreadable by which the processor decides.
    pub fn parse(value: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(value).or_else(|error| {
            // The error is the one that the strict reading found.
            let members = JsonObject::parse(value).ok_or(error)?;
            serde_json::from_value(Value::Object(mended(&members, &DECISIVE)?))
        })
    }
}

/// Returns the members as values: decisive ones exactly, others as far as they can be read.
fn mended(members: &JsonObject<'_>, decisive: &[&str]) -> Result<Map<String, Value>, Error> {
    let mut mended = Map::new();
    for (name, _) in members.members() {
        let value = match members.get(name) {
            Some(value) if decisive.contains(&name) => Some(serde_json::from_str(value.get())?),
            None if decisive.contains(&name) => {
                return Err(Error::custom(format_args!("{name} stands there twice")));
            }
            Some(value) if name == "account" => Some(account(value)?),
            Some(value) if name == "status_reasons" => reasons(value),
            Some(value) => value_lossy(value),
            None => None,
        };
        mended.extend(value.map(|value| (name.to_owned(), value)));
    }
    Ok(mended)
}

/// Returns the account's snapshot without members of a wrong type.
fn account(account: &RawValue) -> Result<Value, Error> {
    let Some(members) = JsonObject::of(account) else {
        return serde_json::from_str(account.get());
    };
    let mut account = mended(&members, &DECISIVE_OF_ACCOUNT)?;
    account.retain(|name, value| {
        let has_any_type = name == "setup_information" || DECISIVE_OF_ACCOUNT.contains(&&**name);
        has_any_type || is_readable(name, value)
    });
    Ok(Value::Object(account))
}

/// Returns whether the snapshot can hold this value as this member.
fn is_readable(name: &str, value: &Value) -> bool {
    let alone = serde_json::json!({"provider": "", "origin_owner_id": "", name: value});
    serde_json::from_value::<AccountSnapshot>(alone).is_ok()
}

/// Returns the readable reasons; `None` where the value is no list.
fn reasons(reasons: &RawValue) -> Option<Value> {
    let reasons = json_array(reasons.get().as_bytes())?;
    let reasons = reasons.into_iter().filter_map(value_lossy);
    let is_reason = |reason: &Value| StatusReason::deserialize(reason).is_ok();
    Some(Value::Array(reasons.filter(is_reason).collect()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::strategies::{odd_members, odd_value};

    const STATE: &str = r#""account_id":"a","state":"active","version":3,"pending":{"trigger":"webhook","total":1,"since":"2026-03-08T14:22:09.67Z"}"#;

    fn read(members: &str) -> Result<AccountState, String> {
        AccountState::parse(format!("{{{members}}}").as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_told_of_the_account_cannot_make_its_state_unreadable() {
        let deep = format!("{}{}", "[".repeat(127), "]".repeat(127));
        for odd in [&deep, "1e400", r#""\ud83d""#, "7"] {
            let account = format!(
                r#""account":{{"provider":"p","origin_owner_id":"o","label":"l","created_at":{odd},"setup_information":{odd}}}"#
            );
            let state = read(&format!("{STATE},{account}")).unwrap();
            assert_eq!((state.version, state.pending.is_some()), (3, true));
            let account = state.account.unwrap();
            assert_eq!(
                (account.origin_owner_id.as_str(), account.label.as_deref()),
                ("o", Some("l"))
            );
            assert_eq!(account.created_at, None);
        }
        let reasons = r#""status_reasons":[{"code":"401","description":"\ud83d"},{"code":7},null]"#;
        let state = read(&format!("{STATE},{reasons}")).unwrap();
        assert_eq!(state.status_reasons.len(), 1);
        assert_eq!(
            state.status_reasons[0].description.as_deref(),
            Some("\u{fffd}")
        );
    }

    #[test]
    fn a_member_of_a_state_that_decides_is_never_repaired_nor_left_out() {
        for odd in [
            r#""account_id":"a","state":"paused","version":1"#,
            r#""account_id":"a","state":"active","version":-1"#,
            r#""account_id":"a","state":"active""#,
            r#""account_id":"\ud83d","state":"active","version":1"#,
            r#""account_id":"a","state":"active","version":1,"version":2,"x":1e400"#,
            r#""account_id":"a","state":"active","version":1,"pending":7,"x":1e400"#,
            r#""account_id":"a","state":"active","version":1,"project_id":"\ud83d""#,
            r#""account_id":"a","state":"active","version":1,"account":{"provider":"p"}"#,
            r#""account_id":"a","state":"active","version":1,"account":{"provider":"p","origin_owner_id":"\ud83d"}"#,
        ] {
            assert!(read(odd).is_err(), "{odd}");
        }
    }

    /// Takes the members from the schema, so that a new one has to be considered.
    #[test]
    fn every_member_but_what_is_told_decides() {
        let schema = schemars::schema_for!(AccountState);
        let members = schema.get("properties").and_then(Value::as_object);
        let told = ["account", "status_reasons"];
        let decisive = members
            .unwrap()
            .keys()
            .filter(|name| !told.contains(&&***name));
        let base = [
            ("account_id", r#""a""#),
            ("state", r#""active""#),
            ("version", "1"),
        ];
        for member in decisive {
            let others = base.iter().filter(|(name, _)| name != member);
            let others: String = others
                .map(|(name, value)| format!(r#""{name}":{value},"#))
                .collect();
            let odd = format!(r#"{others}"{member}":1e400"#);
            assert!(read(&odd).is_err(), "{odd}");
        }
    }

    proptest! {
        #[test]
        fn no_oddity_in_a_member_that_nobody_reads_ends_anything(odd in odd_members(), within in odd_value()) {
            let account = format!(r#""account":{{"provider":"p","origin_owner_id":"o",{odd},"later":{within}}}"#);
            let state = read(&format!("{odd},{STATE},{account}"));
            let state = state.map(|state| (state.version, state.account.map(|account| account.provider)));
            prop_assert_eq!(state, Ok((3, Some("p".to_owned()))));
        }
    }
}
