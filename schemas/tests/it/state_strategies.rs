//! Generates arbitrary states.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use stackone_link_schemas::{
    AccountPhase, AccountState, Grace, GraceKind, LastLookup, LastOutcome, Pending, Recheck,
    TakenIn, Trigger,
};

use crate::strategies::{account_id, cause, reason, snapshot, status, timestamp};

fn trigger() -> impl Strategy<Value = Trigger> {
    proptest::sample::select(&[Trigger::Recheck, Trigger::Webhook, Trigger::Deleted][..])
}

fn grace() -> impl Strategy<Value = Grace> {
    let kinds = [
        GraceKind::Activation,
        GraceKind::Delete,
        GraceKind::DeleteConfirm,
        GraceKind::Vanish,
    ];
    let kind = proptest::sample::select(kinds.to_vec());
    let dates = (timestamp(), timestamp(), of(timestamp()));
    (kind, trigger(), dates, any::<u32>()).prop_map(
        |(kind, trigger, (since, deadline, released_at), answers)| Grace {
            kind,
            trigger,
            since,
            deadline,
            answers,
            released_at,
        },
    )
}

fn pending() -> impl Strategy<Value = Pending> {
    let counts = (any::<u64>(), any::<u32>(), any::<bool>());
    let rest = (
        of(".{0,20}"),
        of(timestamp()),
        of(taken_in()),
        of(grace()),
        of(last_lookup()),
    );
    (trigger(), vec(cause(), 0..3), counts, timestamp(), rest).prop_map(
        |(trigger, causes, (total, lookups, lag_recheck_used), since, rest)| {
            let (project_id, event_date, taken_in, grace, last_lookup) = rest;
            Pending {
                trigger,
                causes,
                total,
                since,
                lookups,
                project_id,
                event_date,
                looked_at: event_date,
                deleted_at: event_date,
                taken_in,
                grace,
                lag_recheck_used,
                last_lookup,
            }
        },
    )
}

fn last_lookup() -> impl Strategy<Value = LastLookup> {
    let outcomes = [LastOutcome::KNOWN, &["of_a_later_version"]].concat();
    let outcome = proptest::sample::select(outcomes);
    (timestamp(), outcome, of(status()), of(400u32..600)).prop_map(
        |(at, outcome, status, http_status)| LastLookup {
            at,
            outcome: LastOutcome::from(outcome),
            status,
            http_status,
        },
    )
}

fn taken_in() -> impl Strategy<Value = TakenIn> {
    (0i32.., 0i64.., 0i64..).prop_map(|(partition, offset, timestamp_ms)| TakenIn {
        partition,
        offset,
        timestamp_ms,
    })
}

pub(crate) fn state() -> impl Strategy<Value = AccountState> {
    let phases = [
        AccountPhase::None,
        AccountPhase::Active,
        AccountPhase::Degraded,
        AccountPhase::Failed,
        AccountPhase::Unlinked,
    ];
    let who = (account_id(), of(".{0,20}"), any::<u64>());
    let phase = proptest::sample::select(phases.to_vec());
    let what = (phase, of(status()), vec(reason(), 0..3), of(snapshot()));
    let recheck = (any::<u32>(), timestamp()).prop_map(|(step, due_at)| Recheck { step, due_at });
    let times = (of(timestamp()), of(timestamp()), of(timestamp()));
    let work = (of(taken_in()), of(pending()), of(recheck));
    let unknown = proptest::collection::btree_map("later_[a-z]{1,6}", any::<i64>(), 0..3);
    (who, what, times, work, unknown).prop_map(|(who, what, times, work, unknown)| {
        let (account_id, project_id, version) = who;
        let (state, status, status_reasons, account) = what;
        let (confirmed_at, last_event_date, vanished_at) = times;
        let (taken_in, pending, recheck) = work;
        let unknown = unknown
            .into_iter()
            .map(|(name, value)| (name, value.into()));
        AccountState {
            account_id,
            project_id,
            state,
            version,
            status,
            status_reasons,
            account,
            confirmed_at,
            last_event_date,
            taken_in,
            pending,
            recheck,
            vanished_at,
            unknown: unknown.collect(),
        }
    })
}
