//! Right answers made wrong.

use serde_json::{Value, json};

/// JSON that ends in the middle.
pub(super) fn truncated(json: &Value) -> String {
    let mut text = json.to_string();
    text.truncate(text.floor_char_boundary(text.len() / 2));
    text
}

const STRANGER: &str = "an-account-nobody-asked-for";

/// The accounts of a list, in either shape; none where the answer is one account.
fn list(json: &mut Value) -> Option<&mut Vec<Value>> {
    if json.get("data").is_some() {
        json["data"].as_array_mut()
    } else {
        json.as_array_mut()
    }
}

/// The first account in the answer, if there is one.
fn first_account(json: &mut Value) -> Option<&mut Value> {
    if json.is_array() || json.get("data").is_some() {
        list(json)?.first_mut()
    } else {
        Some(json)
    }
}

pub(super) fn with_at_most(mut json: Value, accounts: usize) -> Value {
    if let Some(list) = list(&mut json) {
        list.truncate(accounts);
    }
    json
}

pub(super) fn reversed(mut json: Value) -> Value {
    if let Some(list) = list(&mut json) {
        list.reverse();
    }
    json
}

pub(super) fn with_extra_account(mut json: Value) -> Value {
    if let Some(list) = list(&mut json)
        && let Some(mut account) = list.first().cloned()
    {
        account["id"] = json!(STRANGER);
        list.push(account);
    }
    json
}

pub(super) fn in_other_shape(mut json: Value) -> Value {
    if json.is_array() {
        json!({ "data": json })
    } else if json.get("data").is_some() {
        json["data"].take()
    } else {
        json
    }
}

pub(super) fn with_wrong_id(mut json: Value) -> Value {
    if let Some(account) = first_account(&mut json) {
        account["id"] = json!(STRANGER);
    }
    json
}

pub(super) fn with_padding(mut json: Value, bytes: usize) -> Value {
    if let Some(account) = first_account(&mut json) {
        account["label"] = json!("x".repeat(bytes));
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_an_answer_gets_a_wrong_id() {
        let wrong = STRANGER;
        assert_eq!(with_wrong_id(json!({"id": "a"}))["id"], wrong);
        assert_eq!(
            with_wrong_id(json!([{"id": "a"}, {"id": "b"}])),
            json!([{"id": wrong}, {"id": "b"}])
        );
        assert_eq!(
            with_wrong_id(json!({"data": [{"id": "a"}]}))["data"][0]["id"],
            wrong
        );
        assert_eq!(with_wrong_id(json!([])), json!([]));
    }

    #[test]
    fn lists_are_spoilt_in_either_shape_and_single_accounts_are_not() {
        let (bare, wrapped) = (
            json!([{"id": "a"}, {"id": "b"}]),
            json!({"data": [{"id": "a"}, {"id": "b"}]}),
        );
        assert_eq!(with_at_most(bare.clone(), 1), json!([{"id": "a"}]));
        assert_eq!(
            reversed(wrapped.clone())["data"],
            json!([{"id": "b"}, {"id": "a"}])
        );
        assert_eq!(
            with_extra_account(wrapped.clone())["data"][2]["id"],
            STRANGER
        );
        assert_eq!(in_other_shape(bare.clone()), wrapped);
        assert_eq!(in_other_shape(wrapped), bare);
        let one = json!({"id": "a"});
        for spoil in [reversed, with_extra_account, in_other_shape] {
            assert_eq!(spoil(one.clone()), one);
        }
    }

    #[test]
    fn a_truncated_answer_parses_no_more_even_in_the_middle_of_a_letter() {
        for text in ["", "a", "ü", "üü", "aüü"] {
            let cut = truncated(&json!({ "id": text }));
            assert!(serde_json::from_str::<Value>(&cut).is_err(), "{cut}");
        }
    }
}
