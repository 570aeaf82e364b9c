use proptest::prelude::*;

use super::*;
use crate::strategies::odd_members;
use crate::{parse_accounts, parse_list, says_not_found};

const ALL: PersonalFields = PersonalFields {
    origin_username: true,
    setup_information: true,
};

fn read(body: &str, version: ApiVersion) -> Result<Parsed<Account>, String> {
    let id = AccountId::try_from("a").unwrap();
    parse_account(body.as_bytes(), &id, version, ALL).map_err(|error| error.to_string())
}

/// An account of which `members` is told, besides what has to be.
fn with(members: &str) -> Account {
    let body =
        format!(r#"{{"id":"a","provider":"p","origin_owner_id":"o","status":"active"{members}}}"#);
    read(&body, ApiVersion::V1).unwrap().value
}

/// Provider and owner id of an account that shows these members, and whose two names differ.
fn named(members: &str, version: ApiVersion) -> String {
    let member = |member: &str| {
        let (name, value) = member.split_once('=').unwrap();
        format!(r#","{name}":{value}"#)
    };
    let members: String = members.split(' ').map(member).collect();
    let body = format!(r#"{{"id":"a","status":"active"{members}}}"#);
    let read = read(&body, version).unwrap();
    let (of, differing) = (read.value.snapshot, read.differing.unwrap_or("none"));
    format!("{} {} {differing}", of.provider, of.origin_owner_id)
}

#[test]
fn either_name_of_a_member_will_do_and_of_both_that_of_the_configured_version() {
    for (members, v1, v2) in [
        (
            r#"provider="p" origin_owner_id="o""#,
            "p o none",
            "p o none",
        ),
        (r#"connector="c" owner_id="w""#, "c w none", "c w none"),
        (
            r#"provider="p" connector="p" origin_owner_id="o" owner_id="o""#,
            "p o none",
            "p o none",
        ),
        (
            r#"provider="p" connector="c" owner_id="w""#,
            "p w provider",
            "c w connector",
        ),
        (
            r#"connector="c" owner_id="w" origin_owner_id="o""#,
            "c o origin_owner_id",
            "c w owner_id",
        ),
        (
            r#"provider=null connector="c" owner_id="w" origin_owner_id=7"#,
            "c w none",
            "c w none",
        ),
    ] {
        assert_eq!(named(members, ApiVersion::V1), v1, "{members}");
        assert_eq!(named(members, ApiVersion::V2), v2, "{members}");
    }
}

#[test]
fn an_account_without_a_required_member_is_unreadable_and_the_member_is_named() {
    let whole = [
        ("id", r#""a""#),
        ("provider", r#""p""#),
        ("origin_owner_id", r#""o""#),
        ("status", r#""active""#),
    ];
    for missing in whole.map(|(name, _)| name) {
        for (odd, what) in [
            ("", "absent"),
            ("null", "null"),
            ("7", "a number"),
            ("-7", "a number"),
            ("true", "a boolean"),
            (r#""\ud83d""#, "a text with half of a surrogate pair"),
            ("[]", "an array"),
            ("{}", "an object"),
            (r#""a","X":1"#, "repeated"),
        ] {
            let members = whole.map(|(name, value)| match (name == missing, odd) {
                (true, "") => r#""x":1"#.to_owned(),
                (true, odd) => format!(r#""{name}":{}"#, odd.replace('X', name)),
                (false, _) => format!(r#""{name}":{value}"#),
            });
            let body = format!("{{{}}}", members.join(","));
            let error = read(&body, ApiVersion::V1).unwrap_err();
            let named = format!("not an account: /{missing} is {what}");
            assert!(error.ends_with(&named), "{body}: {error}");
        }
    }
    let v2 = read(
        r#"{"id":"a","connector":"c","status":"active"}"#,
        ApiVersion::V2,
    );
    assert!(v2.unwrap_err().ends_with("/owner_id is absent"));
    let other = r#"{"id":"a","connector":7,"origin_owner_id":"o","status":"active"}"#;
    let error = read(other, ApiVersion::V1).unwrap_err();
    assert!(error.ends_with("/connector is a number"), "{error}");
    for (body, place) in [
        ("", ": EOF while parsing a value at line 1 column 0"),
        ("[]", "no JSON object"),
        ("null", "no JSON object"),
        ("{", ": EOF while parsing an object at line 1 column 1"),
        ("<html>secret", ": expected value at line 1 column 1"),
    ] {
        let error = read(body, ApiVersion::V1).unwrap_err();
        let says = "not an account: no JSON object";
        assert!(error.contains(says) && error.ends_with(place), "{error}");
    }
    assert!(
        read(r#"{"id":"b"}"#, ApiVersion::V1)
            .unwrap_err()
            .ends_with("another account's id")
    );
}

#[test]
fn a_status_is_told_in_lower_case_by_an_account_a_list_and_a_batch_alike() {
    let body = r#"[{"id":"a","provider":"p","origin_owner_id":"o","status":"ACTIVE"}]"#;
    let entry = body.trim_matches(['[', ']']);
    assert_eq!(
        read(entry, ApiVersion::V1).unwrap().value.status,
        AccountStatus::Active
    );
    let listed = parse_list(body.as_bytes()).unwrap().listed;
    assert_eq!(listed[0].status, Some(AccountStatus::Active));
    let batch = parse_accounts(body.as_bytes(), ApiVersion::V1, ALL)
        .unwrap()
        .value;
    assert_eq!(batch[0].1.status, AccountStatus::Active);
    assert_eq!(with("").status, AccountStatus::Active);
}

#[test]
fn texts_for_people_are_kept_as_far_as_they_can_be_said() {
    let account = with(
        r#","label":7,"provider_name":"Half \ud83d","origin_owner_name":null,"origin_username":["x"]"#,
    );
    let snapshot = account.snapshot;
    assert_eq!(snapshot.label.as_deref(), Some("7"));
    assert_eq!(snapshot.provider_name.as_deref(), Some("Half \u{fffd}"));
    assert_eq!(
        (snapshot.origin_owner_name, snapshot.origin_username),
        (None, None)
    );
}

#[test]
fn reasons_that_say_something_are_kept_and_others_left_out() {
    let account = with(
        r#","status_reasons":[null,{"code":401,"description":"cut \ud83d","timestamp":7},"x",[]]"#,
    );
    let [reason] = &account.status_reasons[..] else {
        panic!("{:?}", account.status_reasons);
    };
    assert_eq!(reason.code.as_deref(), Some("401"));
    assert_eq!(reason.description.as_deref(), Some("cut \u{fffd}"));
    assert_eq!(reason.timestamp, None);
    for none in ["null", "7", "{}", r#""x""#] {
        let members = format!(r#","status_reasons":{none}"#);
        assert!(with(&members).status_reasons.is_empty(), "{none}");
    }
}

#[test]
fn setup_information_is_kept_as_far_as_every_reader_can_have_it() {
    let half = with(r#","setup_information":{"domain":"acme \ud83d"}"#);
    let kept = serde_json::json!({"domain": "acme \u{fffd}"});
    assert_eq!(half.snapshot.setup_information, Some(kept));
    let deep = format!("{}{}", "[".repeat(120), "]".repeat(120));
    for odd in ["1e400", "null", &deep] {
        let members = format!(r#","setup_information":{odd}"#);
        assert_eq!(with(&members).snapshot.setup_information, None, "{odd}");
    }
}

#[test]
fn a_404_is_stackones_whatever_its_message_says() {
    for message in [
        r#""Not Found""#,
        r#""cut \ud83d""#,
        r#""a","message":"b""#,
        r#""x","data":1e400"#,
    ] {
        let body = format!(r#"{{"statusCode":404,"message":{message}}}"#);
        assert!(says_not_found(body.as_bytes()), "{body}");
    }
    for body in [
        "",
        "{}",
        r#"{"statusCode":404}"#,
        r#"{"message":"Not Found"}"#,
        r#"{"statusCode":404,"message":7}"#,
        r#"{"statusCode":"404","message":"x"}"#,
        r#"{"statusCode":404,"statusCode":403,"message":"x"}"#,
    ] {
        assert!(!says_not_found(body.as_bytes()), "{body}");
    }
}

proptest! {
    /// Nothing that is not read changes what is read: of an account, of a list, of a batch.
    #[test]
    fn no_oddity_in_a_member_that_is_not_read_changes_an_account(odd in odd_members()) {
        let used = r#""id":"a","provider":"p","origin_owner_id":"o","status":"error","label":"l""#;
        let (plain, body) = (format!("{{{used}}}"), format!("{{{odd},{used},{odd}}}"));
        let of = |entry: &str| {
            let list = format!(r#"{{{odd},"data":[{entry},{{"id":"b"}}]}}"#);
            let listed = parse_list(list.as_bytes()).unwrap();
            let batch = parse_accounts(list.as_bytes(), ApiVersion::V1, ALL).unwrap();
            (read(entry, ApiVersion::V1), listed, batch)
        };
        let (account, listed, batch) = of(&body);
        prop_assert_eq!(account.clone(), of(&plain).0);
        prop_assert_eq!(&listed, &of(&plain).1);
        prop_assert_eq!(listed.listed.len(), 2);
        prop_assert_eq!(batch.value, vec![("a".to_owned(), account.unwrap().value)]);
    }

    /// One entry that is no account spoils none of the others.
    #[test]
    fn no_odd_entry_of_a_list_spoils_another(odd in crate::strategies::odd_value(), at in 0usize..3) {
        let mut entries = vec![r#"{"id":"a","provider":"p","origin_owner_id":"o","status":"active"}"#.to_owned(); 2];
        entries.insert(at, odd);
        let list = format!("[{}]", entries.join(","));
        let page = parse_list(list.as_bytes()).unwrap();
        prop_assert_eq!((page.listed.len(), page.nameless.len()), (2, 1));
        prop_assert_eq!(parse_accounts(list.as_bytes(), ApiVersion::V1, ALL).unwrap().value.len(), 2);
    }

    #[test]
    fn no_bytes_make_the_parsers_of_accounts_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let id = AccountId::try_from("a").unwrap();
        let _account = parse_account(&body, &id, ApiVersion::V2, ALL);
        let _list = parse_list(&body);
        let _batch = parse_accounts(&body, ApiVersion::V1, ALL);
        let _missing = says_not_found(&body);
    }
}
