//! Tests that every value of the types survives being written and read, and is valid by the
//! committed schema.

use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;
use stackone_link_schemas::{AccountLifecycleEvent, AccountState};

use crate::json_schemas::{LIFECYCLE, STATE, validator};
use crate::state_strategies::state;
use crate::strategies::lifecycle_event;

static LIFECYCLE_SCHEMA: LazyLock<Validator> = LazyLock::new(|| validator(LIFECYCLE));
static STATE_SCHEMA: LazyLock<Validator> = LazyLock::new(|| validator(STATE));

proptest! {
    #[test]
    fn a_lifecycle_event_survives_a_round_trip_and_validates(event in lifecycle_event()) {
        let text = serde_json::to_string(&event).unwrap();
        prop_assert_eq!(&serde_json::from_str::<AccountLifecycleEvent>(&text).unwrap(), &event);
        let value = serde_json::to_value(&event).unwrap();
        prop_assert!(LIFECYCLE_SCHEMA.is_valid(&value), "{value}");
    }

    #[test]
    fn a_state_survives_a_round_trip_and_validates(state in state()) {
        let text = serde_json::to_string(&state).unwrap();
        prop_assert_eq!(&serde_json::from_str::<AccountState>(&text).unwrap(), &state);
        let value = serde_json::to_value(&state).unwrap();
        prop_assert!(STATE_SCHEMA.is_valid(&value), "{value}");
    }
}
