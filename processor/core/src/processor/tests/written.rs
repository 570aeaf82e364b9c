//! Tests what is written beside states and for no account's sake.

use stackone_client_types::PersonalFields;

use super::*;
use crate::state::store::UncheckedStates;

#[test]
fn a_record_that_cannot_be_used_becomes_a_dead_letter_with_its_bytes() {
    let mut run = Run::new([]);
    let unusable = Consumed {
        key: None,
        value: b"{ }".to_vec(),
        ..webhook(0)
    };
    run.handle(Input::Consumed(Box::new(unusable)));
    run.play_until(1);
    assert_eq!(run.letters, [b"{ }"]);
}

#[test]
fn a_state_with_personal_data_that_is_not_kept_is_written_again_without_it() {
    let with = br#"{"account_id":"a","state":"active","version":1,"account":{"provider":"p","origin_owner_id":"o","origin_username":"Dana"}}"#;
    let mut states = UncheckedStates::default();
    states.put(&AccountId::try_from("a").unwrap(), Some(with));
    let none = PersonalFields {
        origin_username: false,
        setup_information: false,
    };
    let mut run = Run::idle(settings(), Duration::ZERO).begin(states.check(none).unwrap(), 0);
    run.play_until(1);
    let [Some(written)] = &run.states[..] else {
        panic!("not one state: {:?}", run.states);
    };
    let account = written.account.as_ref().unwrap();
    assert_eq!((written.version, &account.origin_username), (1, &None));
}
