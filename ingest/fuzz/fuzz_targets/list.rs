//! A page of accounts of any bytes: never a panic, every entry counted once, and a batch shows none
//! that the list does not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stackone_client_types::{ApiVersion, PersonalFields, parse_accounts, parse_list};
use stackone_link_schemas::json::{JsonObject, json_array};

const NONE: PersonalFields = PersonalFields {
    origin_username: false,
    setup_information: false,
};

fuzz_target!(|body: &[u8]| {
    let page = parse_list(body);
    let batch = parse_accounts(body, ApiVersion::V1, NONE);
    assert_eq!(page.is_ok(), batch.is_ok());
    let (Ok(page), Ok(batch)) = (page, batch) else {
        return;
    };
    let data = JsonObject::parse(body).and_then(|members| members.get("data"));
    let list = data.map_or(body, |data| data.get().as_bytes());
    let entries = json_array(list).expect("it was read as a list");
    assert_eq!(entries.len(), page.listed.len() + page.nameless.len());
    let mut listed = page.listed.iter();
    for (id, account) in &batch.value {
        // Of two entries with one id, one may be no account.
        let mut shown = listed.by_ref().filter(|listed| listed.id == *id);
        let is_shown = shown.any(|listed| listed.status.as_ref() == Some(&account.status));
        assert!(is_shown, "in the order of the list");
    }
    // Whatever stands before or after it.
    let longer = [b"[null,", list.strip_prefix(b"[").unwrap_or(list)].concat();
    if list.starts_with(b"[") && !entries.is_empty() {
        let longer = parse_list(&longer).expect("a list");
        assert_eq!(longer.listed, page.listed);
        assert_eq!(longer.nameless.len(), page.nameless.len() + 1);
    }
});
