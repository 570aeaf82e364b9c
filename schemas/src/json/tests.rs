use proptest::prelude::*;

use super::*;

fn object(text: &str) -> JsonObject<'_> {
    JsonObject::parse(text.as_bytes()).unwrap()
}

fn raw(json: &str) -> &RawValue {
    serde_json::from_str(json).unwrap()
}

#[test]
fn members_that_are_not_asked_for_may_be_anything_that_is_json() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for odd in [r#""\ud83d""#, "1e400", "-1e-999", &deep, r#"{"a":1,"a":2}"#] {
        let text = format!(r#"{{"odd":{odd},"a":"b","odd":{odd},"\udc00":1}}"#);
        assert_eq!(object(&text).text("a").as_deref(), Some("b"), "{odd:.40}");
    }
}

#[test]
fn json_that_is_no_object_is_refused() {
    for text in [
        "",
        "{",
        "[]",
        "1",
        "null",
        "\"x\"",
        "{} {}",
        "\u{feff}{}",
        "{\"a\":tru}",
    ] {
        assert!(JsonObject::parse(text.as_bytes()).is_none(), "{text}");
    }
    assert!(JsonObject::parse(b"{\"a\":\"\xff\"}").is_none());
    assert!(JsonObject::of(raw("[]")).is_none());
}

#[test]
fn a_member_that_stands_there_twice_says_nothing_however_it_is_written() {
    let twice = object(r#"{"b":1,"a":1,"\u0061":2}"#);
    assert!(twice.contains("a") && twice.get("a").is_none());
    assert_eq!(twice.read::<u8>("b"), Some(1));
}

#[test]
fn halves_of_surrogate_pairs_are_kept_from_ids_and_replaced_in_texts_for_people() {
    for (json, text) in [
        (r#""Acme \ud83d""#, "Acme \u{fffd}"),
        (r#""\ud83d\ude00""#, "\u{1f600}"),
        (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
        (r#""\ud83d\n""#, "\u{fffd}\n"),
        (r#""\\ud83d""#, "\\ud83d"),
        (r#""\\\ud83d""#, "\\\u{fffd}"),
        (r#""\uD83Dx\u0041""#, "\u{fffd}xA"),
        ("7", "7"),
        ("-1e400", "-1e400"),
    ] {
        assert_eq!(text_lossy(raw(json)).as_deref(), Some(text), "{json}");
    }
    for json in ["null", "true", "[]", r#"{"a":1}"#] {
        assert_eq!(text_lossy(raw(json)), None, "{json}");
    }
    let cut = object(r#"{"id":"\ud83d","label":"\ud83d"}"#);
    assert_eq!(cut.text("id"), None);
    assert_eq!(cut.text_lossy("label").as_deref(), Some("\u{fffd}"));
}

#[test]
fn a_value_is_kept_but_for_what_no_reader_could_have() {
    let kept = value_lossy(raw(r#"{"a":["\ud83d",1]}"#)).unwrap();
    assert_eq!(kept, serde_json::json!({"a": ["\u{fffd}", 1]}));
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for json in ["1e400", &deep] {
        assert_eq!(value_lossy(raw(json)), None);
    }
}

proptest! {
    /// Whatever the order of escapes, the result is text, and whole pairs are unchanged.
    #[test]
    fn any_mixture_of_escapes_becomes_text(
        parts in proptest::collection::vec(
            prop_oneof![
                proptest::sample::select(vec![
                    "\\ud83d", "\\ude00", "\\uDBFF", "\\udc00", "\\u0041", "\\\\", "\\n", "\\\"", "u", "ä",
                ]).prop_map(str::to_owned),
                "[a-z0-9]{0,3}",
            ],
            0..12,
        ),
    ) {
        let json = format!("\"{}\"", parts.concat());
        let text = text_lossy(raw(&json));
        prop_assert!(text.is_some());
        if let Ok(whole) = serde_json::from_str::<String>(&json) {
            prop_assert_eq!(text, Some(whole));
        }
    }
}
