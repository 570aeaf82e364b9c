//! An account as a lookup, a list and a batch show it: never a panic, the same in all three, and
//! what is told of it can be written to a record and read back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stackone_client_types::{
    Account, ApiVersion, PersonalFields, parse_account, parse_accounts, parse_list, says_not_found,
};
use stackone_link_schemas::json::JsonObject;
use stackone_link_schemas::{AccountId, AccountSnapshot, StatusReason};

const ALL: PersonalFields = PersonalFields {
    origin_username: true,
    setup_information: true,
};

fuzz_target!(|body: &[u8]| {
    let shown = JsonObject::parse(body).and_then(|members| members.text("id"));
    let id = shown.and_then(|id| AccountId::try_from(id.as_ref()).ok());
    let Some(id) = id else {
        let _missing = says_not_found(body);
        return;
    };
    for version in [ApiVersion::V1, ApiVersion::V2] {
        let read = parse_account(body, &id, version, ALL)
            .ok()
            .map(|read| read.value);
        in_a_list(body, &id, version, read.as_ref());
        if let Some(account) = read {
            told(&account);
            let personal = PersonalFields {
                origin_username: false,
                setup_information: false,
            };
            let without = parse_account(body, &id, version, personal).expect("it was read");
            let mut snapshot = account.snapshot;
            personal.redact(&mut snapshot);
            assert_eq!(
                without.value.snapshot, snapshot,
                "left out, and nothing else"
            );
        }
    }
});

/// A list that has it between others shows the same.
fn in_a_list(body: &[u8], id: &AccountId, version: ApiVersion, account: Option<&Account>) {
    let list = [b"[null,", body, br#",{"id":"other"}]"#].concat();
    let listed = parse_list(&list).expect("a list").listed;
    let first = listed.first().expect("it has an id");
    assert_eq!((first.id.as_str(), listed.len()), (id.as_str(), 2));
    let batch = parse_accounts(&list, version, ALL).expect("a list").value;
    assert_eq!(batch.first().map(|(_, account)| account), account);
    if let Some(account) = account {
        assert_eq!(first.status.as_ref(), Some(&account.status));
        assert_eq!(first.updated_at, account.snapshot.updated_at);
    }
}

/// What subscribers are told can be written and read back as it was.
fn told(account: &Account) {
    assert!(
        !account
            .status
            .as_str()
            .bytes()
            .any(|byte| byte.is_ascii_uppercase())
    );
    let told = (&account.snapshot, &account.status_reasons);
    let json = serde_json::to_vec(&told).expect("it can be written");
    let read: (AccountSnapshot, Vec<StatusReason>) =
        serde_json::from_slice(&json).expect("it can be read");
    assert_eq!((&read.0, &read.1), told);
}
