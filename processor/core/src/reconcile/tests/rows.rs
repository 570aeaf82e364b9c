//! Tests that every combination of trigger, answer and state has exactly one row, as in the design.

use stackone_link_schemas::{AccountPhase, GraceKind, Trigger};

use crate::reconcile::{
    AfterGrace, Differences, Freshness, LifecycleKind, Row, Seen, SkipReason, row,
};

/// The design's table in a form that a test can read: triggers (D deleted, W other webhook, R
/// recheck), the status at the API, phases, a condition, and what to do. Where two of its rows
/// meet, only the intended one is here.
const DESIGN: &str = "
    D  | 404              | none active degraded failed          |         | emit unlinked
    D  | active           | none active degraded failed unlinked |         | await delete, as webhook
    D  | troubled         | none active degraded failed          |         | await delete, as webhook
    D  | retired          | none active degraded failed          |         | await delete_confirm, emit unlinked
    D  | 404 troubled retired | unlinked                         |         | skip unchanged
    WR | active           | none failed unlinked                 |         | emit linked
    WR | active           | active                               | news    | emit refreshed
    W  | active           | active                               | old     | skip duplicate
    W  | active           | active                               | undated | skip unchanged
    R  | active           | active                               | no_news | skip unchanged
    WR | active           | degraded                             |         | emit recovered
    WR | troubled retired | active                               |         | emit degraded
    WR | troubled retired | none                                 |         | await activation, emit link_failed
    W  | troubled retired | unlinked                             |         | await activation, emit link_failed
    R  | troubled retired | unlinked                             |         | skip unchanged
    WR | troubled retired | degraded                             | other   | emit degraded
    WR | troubled retired | failed                               | other   | emit link_failed
    WR | troubled retired | degraded failed                      | same    | skip unchanged
    WR | 404              | none                                 |         | await activation, skip vanished
    W  | 404              | unlinked                             |         | await activation, skip vanished
    R  | 404              | unlinked                             |         | skip unchanged
    WR | 404              | active degraded failed               |         | await vanish, emit unlinked
";

const TRIGGERS: [(&str, Trigger); 3] = [
    ("R", Trigger::Recheck),
    ("W", Trigger::Webhook),
    ("D", Trigger::Deleted),
];
const SEEN: [(&str, Seen); 4] = [
    ("active", Seen::Active),
    ("troubled", Seen::Troubled),
    ("retired", Seen::Retired),
    ("404", Seen::NotFound),
];
const PHASES: [(&str, AccountPhase); 5] = [
    ("none", AccountPhase::None),
    ("active", AccountPhase::Active),
    ("degraded", AccountPhase::Degraded),
    ("failed", AccountPhase::Failed),
    ("unlinked", AccountPhase::Unlinked),
];
const KINDS: [(&str, LifecycleKind); 6] = [
    ("linked", LifecycleKind::Linked),
    ("refreshed", LifecycleKind::Refreshed),
    ("degraded", LifecycleKind::Degraded),
    ("recovered", LifecycleKind::Recovered),
    ("link_failed", LifecycleKind::LinkFailed),
    ("unlinked", LifecycleKind::Unlinked),
];
const REASONS: [(&str, SkipReason); 3] = [
    ("unchanged", SkipReason::Unchanged),
    ("duplicate", SkipReason::Duplicate),
    ("vanished", SkipReason::Vanished),
];
const GRACES: [(&str, GraceKind); 4] = [
    ("activation", GraceKind::Activation),
    ("delete", GraceKind::Delete),
    ("delete_confirm", GraceKind::DeleteConfirm),
    ("vanish", GraceKind::Vanish),
];

fn named<T: Copy>(names: &[(&str, T)], name: &str) -> T {
    names
        .iter()
        .find(|(known, _)| *known == name)
        .unwrap_or_else(|| panic!("unknown word {name}"))
        .1
}

fn holds(condition: &str, trigger: Trigger, differences: Differences) -> bool {
    let news = differences.snapshot
        || (trigger == Trigger::Webhook && differences.freshness == Freshness::Newer);
    match condition {
        "" => true,
        "news" => news,
        "no_news" => !news,
        "old" => !news && differences.freshness == Freshness::NotNewer,
        "undated" => !news && differences.freshness == Freshness::Unknown,
        "other" => differences.status,
        "same" => !differences.status,
        _ => panic!("unknown condition {condition}"),
    }
}

fn then(text: &str) -> Row {
    match text
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()[..]
    {
        ["emit", kind] => Row::Emit(named(&KINDS, kind)),
        ["skip", reason] => Row::Skip(named(&REASONS, reason)),
        ["await", grace, "emit", kind] => {
            Row::Await(named(&GRACES, grace), AfterGrace::Emit(named(&KINDS, kind)))
        }
        ["await", grace, "skip", reason] => Row::Await(
            named(&GRACES, grace),
            AfterGrace::Skip(named(&REASONS, reason)),
        ),
        ["await", grace, "as", "webhook"] => {
            Row::Await(named(&GRACES, grace), AfterGrace::AsWebhook)
        }
        _ => panic!("unknown action {text}"),
    }
}

/// Returns the actions of the design's rows that match a combination.
fn designed(trigger: &str, seen: &str, phase: &str, differences: Differences) -> Vec<Row> {
    let rows = DESIGN
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let cells = rows.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let matching = cells.filter(|cells| {
        cells[0].contains(trigger)
            && cells[1].split(' ').any(|word| word == seen)
            && cells[2].split(' ').any(|word| word == phase)
            && holds(cells[3], named(&TRIGGERS, trigger), differences)
    });
    matching.map(|cells| then(cells[4])).collect()
}

fn all_differences() -> Vec<Differences> {
    let freshness = [Freshness::Newer, Freshness::NotNewer, Freshness::Unknown].into_iter();
    let flags = [(false, false), (false, true), (true, false), (true, true)];
    freshness
        .flat_map(|freshness| {
            flags.map(|(snapshot, status)| Differences {
                snapshot,
                status,
                freshness,
            })
        })
        .collect()
}

#[test]
fn every_combination_has_exactly_one_row_and_it_is_the_designs() {
    let mut combinations = 0;
    for (trigger_name, trigger) in TRIGGERS {
        for (seen_name, seen) in SEEN {
            for (phase_name, phase) in PHASES {
                for differences in all_differences() {
                    let designed = designed(trigger_name, seen_name, phase_name, differences);
                    let decided = row(trigger, seen, phase, differences);
                    assert_eq!(
                        designed,
                        [decided],
                        "{trigger_name} {seen_name} {phase_name} {differences:?}"
                    );
                    combinations += 1;
                }
            }
        }
    }
    assert_eq!(combinations, 3 * 4 * 5 * 12);
}
