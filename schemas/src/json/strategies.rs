//! Generates members that nobody reads, as odd as JSON allows.

use proptest::prelude::*;

/// Generates values that whole-value parsers refuse, and some that they accept.
pub(crate) fn odd_value() -> impl Strategy<Value = String> {
    let flat = prop_oneof![
        proptest::sample::select(vec![
            r#""Acme \ud83d""#,
            r#""\udc00\ud83d""#,
            "1e400",
            "-1e9999",
            "null",
            "[]",
            "true",
            r#"{"a":1,"a":2}"#,
            r#"{"\ud83d":1}"#,
            "123456789012345678901234567890",
            r#""\u0000""#,
        ])
        .prop_map(str::to_owned),
        any::<f64>()
            .prop_filter("JSON has no NaN", |number| number.is_finite())
            .prop_map(|number| number.to_string()),
        "\\PC{0,20}".prop_map(|text| serde_json::Value::from(text).to_string()),
    ];
    (flat, 0usize..300, any::<bool>()).prop_map(|(value, depth, is_array)| {
        let (open, close) = if is_array {
            ("[", "]")
        } else {
            (r#"{"x":"#, "}")
        };
        format!("{}{value}{}", open.repeat(depth), close.repeat(depth))
    })
}

/// Generates one to four members that nobody reads, some with equal names.
pub(crate) fn odd_members() -> impl Strategy<Value = String> {
    let name = proptest::sample::select(vec![r"odd", r"\ud83d", r"setup_information", r"x\u0000"]);
    let members = proptest::collection::vec((name, odd_value()), 1..5);
    members.prop_map(|members| {
        let members: Vec<_> = members
            .iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        members.join(",")
    })
}
