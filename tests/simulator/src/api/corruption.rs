//! Right answers made wrong.

use serde_json::{Value, json};

/// JSON that ends in the middle.
pub(super) fn truncated(json: &Value) -> String {
    let mut text = json.to_string();
    text.truncate(text.floor_char_boundary(text.len() / 2));
    text
}

/// The first account in the answer, if there is one.
fn first_account(json: &mut Value) -> Option<&mut Value> {
    let page = if json.get("data").is_some() {
        &mut json["data"]
    } else {
        json
    };
    if page.is_array() {
        page.get_mut(0)
    } else {
        Some(page)
    }
}

pub(super) fn with_wrong_id(mut json: Value) -> Value {
    if let Some(account) = first_account(&mut json) {
        account["id"] = json!("an-account-nobody-asked-for");
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
        let wrong = "an-account-nobody-asked-for";
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
    fn a_truncated_answer_parses_no_more_even_in_the_middle_of_a_letter() {
        for text in ["", "a", "ü", "üü", "aüü"] {
            let cut = truncated(&json!({ "id": text }));
            assert!(serde_json::from_str::<Value>(&cut).is_err(), "{cut}");
        }
    }
}
