//! Generates arbitrary lifecycle events, and their parts.

use jiff::Timestamp;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use stackone_link_schemas::{
    AccountId, AccountLifecycleEvent, AccountSnapshot, AccountStatus, AccountType, Cause,
    LifecycleType, StatusReason,
};
use uuid::Uuid;

pub(crate) fn timestamp() -> impl Strategy<Value = Timestamp> {
    // Up to a nanosecond, years 1970 to 2100: the dates that a clock or StackOne may give.
    (0i64..4_102_444_800, 0i32..1_000_000_000)
        .prop_map(|(seconds, nanos)| Timestamp::new(seconds, nanos).unwrap())
}

fn uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

pub(crate) fn account_id() -> impl Strategy<Value = AccountId> {
    "[A-Za-z0-9_-]{1,128}".prop_map(|text| AccountId::try_from(text).unwrap())
}

/// Generates a known value of an open enum, or any other text.
fn open(known: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![
        3 => proptest::sample::select(known).prop_map(ToOwned::to_owned),
        1 => ".{0,20}",
    ]
}

pub(crate) fn status() -> impl Strategy<Value = AccountStatus> {
    open(AccountStatus::KNOWN).prop_map(|text| text.as_str().into())
}

pub(crate) fn reason() -> impl Strategy<Value = StatusReason> {
    (of(timestamp()), of(".{0,8}"), of(".{0,30}")).prop_map(|(timestamp, code, description)| {
        StatusReason {
            timestamp,
            code,
            description,
        }
    })
}

pub(crate) fn snapshot() -> impl Strategy<Value = AccountSnapshot> {
    let account_type = open(AccountType::KNOWN).prop_map(|text| text.as_str().into());
    let optional_texts = (of(".{0,20}"), of(".{0,20}"), of(".{0,20}"), of(".{0,20}"));
    let times = (of(timestamp()), of(timestamp()));
    let setup = of(any::<i32>().prop_map(|number| serde_json::json!({ "number": number })));
    (
        ".{0,20}",
        ".{0,20}",
        optional_texts,
        of(account_type),
        times,
        setup,
    )
        .prop_map(
            |(provider, origin_owner_id, texts, account_type, times, setup_information)| {
                let (provider_name, origin_owner_name, origin_username, label) = texts;
                let (created_at, updated_at) = times;
                AccountSnapshot {
                    provider,
                    provider_name,
                    origin_owner_id,
                    origin_owner_name,
                    origin_username,
                    label,
                    account_type,
                    created_at,
                    updated_at,
                    setup_information,
                }
            },
        )
}

pub(crate) fn cause() -> impl Strategy<Value = Cause> {
    let coordinates = (0i32.., 0i64..);
    let times = (of(timestamp()), of(timestamp()));
    (of(uuid()), ".{0,20}", times, ".{1,20}", coordinates).prop_map(
        |(event_id, event_type, (event_date, received_at), topic, (partition, offset))| Cause {
            event_id,
            event_type,
            event_date,
            received_at,
            topic,
            partition,
            offset,
        },
    )
}

pub(crate) fn lifecycle_event() -> impl Strategy<Value = AccountLifecycleEvent> {
    let event_type = open(LifecycleType::KNOWN).prop_map(|text| text.as_str().into());
    let who = (uuid(), event_type, account_id(), of(".{0,20}"), 1u64..);
    let what = (
        of(snapshot()),
        of(status()),
        vec(reason(), 0..3),
        of(status()),
    );
    let why = (timestamp(), any::<u32>(), vec(cause(), 0..4), any::<u64>());
    (who, what, why).prop_map(|(who, what, why)| {
        let (id, event_type, account_id, project_id, version) = who;
        let (account, status, status_reasons, previous_status) = what;
        let (confirmed_at, lookups, caused_by, caused_by_total) = why;
        AccountLifecycleEvent {
            id,
            event_type,
            account_id,
            project_id,
            version,
            account,
            status,
            status_reasons,
            previous_status,
            confirmed_at,
            lookups,
            caused_by,
            caused_by_total,
        }
    })
}
