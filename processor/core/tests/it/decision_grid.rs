//! Draws the decision table from the code as a picture, `docs/images/decision-table.svg`, and
//! compares it with the file.

use std::fmt::Write as _;
use std::path::Path;

use stackone_link_schemas::{AccountPhase, GraceKind, Trigger};
use stackone_processor_core::reconcile::{
    AfterGrace, Differences, Freshness, LifecycleKind, Row, Seen, SkipReason, row,
};

const FILE: &str = "../../docs/images/decision-table.svg";
const LEFT: usize = 190;
const TOP: usize = 78;
const WIDTH: usize = 176;
const HEIGHT: usize = 48;
/// Light or dark follows the reader's browser. Each action has a colour of its own.
const STYLE: &str = "<style>text{fill:#222}.back{fill:#fff}.cell{stroke:#fff;stroke-width:2}\
    .tells-good{fill:#bfe5c8}.tells-bad{fill:#f4c6c2}.tells-gone{fill:#d5d0e8}.waits{fill:#fbe7b2}\
    .skips{fill:#e6e6e6}@media(prefers-color-scheme:dark){text{fill:#eee}.back{fill:#181b1f}\
    .cell{stroke:#181b1f}.tells-good{fill:#1f5a31}.tells-bad{fill:#7a2b26}.tells-gone{fill:#463c73}\
    .waits{fill:#6b5312}.skips{fill:#3a3d42}}</style>";

const TRIGGERS: [(&str, Trigger); 3] = [
    ("webhook", Trigger::Webhook),
    ("deleted webhook", Trigger::Deleted),
    ("recheck", Trigger::Recheck),
];
const SEEN: [(&str, Seen); 4] = [
    ("active", Seen::Active),
    ("error, expired, suspended", Seen::Troubled),
    ("inactive, archived, other", Seen::Retired),
    ("404", Seen::NotFound),
];
const PHASES: [(&str, AccountPhase); 5] = [
    ("never confirmed", AccountPhase::None),
    ("active", AccountPhase::Active),
    ("degraded", AccountPhase::Degraded),
    ("failed", AccountPhase::Failed),
    ("unlinked", AccountPhase::Unlinked),
];

/// A further condition of a row, with the words for it.
type Condition = (&'static str, fn(&Differences) -> bool);

const CONDITIONS: [Condition; 9] = [
    ("", |_| true),
    ("other status", |differences| differences.status),
    ("same status", |differences| !differences.status),
    ("other snapshot", |differences| differences.snapshot),
    ("same snapshot", |differences| !differences.snapshot),
    ("newer or other", is_news),
    ("no newer, same", |differences| {
        !is_news(differences) && differences.freshness == Freshness::NotNewer
    }),
    ("undated, same", |differences| {
        !is_news(differences) && differences.freshness == Freshness::Unknown
    }),
    ("no newer or undated, same", |differences| {
        !is_news(differences)
    }),
];

fn is_news(differences: &Differences) -> bool {
    differences.snapshot || differences.freshness == Freshness::Newer
}

fn all_differences() -> Vec<Differences> {
    let mut all = Vec::new();
    for freshness in [Freshness::Newer, Freshness::NotNewer, Freshness::Unknown] {
        for (snapshot, status) in [(false, false), (false, true), (true, false), (true, true)] {
            all.push(Differences {
                snapshot,
                status,
                freshness,
            });
        }
    }
    all
}

/// Returns the content of a cell: each action with the condition under which it is taken.
fn cell(trigger: Trigger, seen: Seen, phase: AccountPhase) -> Vec<(&'static str, Row)> {
    let all = all_differences();
    let decided = |differences: &Differences| row(trigger, seen, phase, *differences);
    let mut rows: Vec<Row> = Vec::new();
    for differences in &all {
        if !rows.contains(&decided(differences)) {
            rows.push(decided(differences));
        }
    }
    let with_condition = rows.into_iter().map(|row| {
        let is_exact = |(_, holds): &&Condition| {
            all.iter()
                .all(|differences| holds(differences) == (decided(differences) == row))
        };
        let condition = CONDITIONS.iter().find(is_exact);
        assert!(condition.is_some(), "{row:?} has no condition in words");
        (condition.map_or("", |(words, _)| words), row)
    });
    with_condition.collect()
}

fn emitted(kind: LifecycleKind) -> (&'static str, String) {
    let class = match kind {
        LifecycleKind::Linked | LifecycleKind::Refreshed | LifecycleKind::Recovered => "tells-good",
        LifecycleKind::Degraded | LifecycleKind::LinkFailed => "tells-bad",
        LifecycleKind::Unlinked => "tells-gone",
    };
    (class, kind.event_type().as_str().to_owned())
}

fn skipped(reason: SkipReason) -> String {
    format!("skip: {}", reason.as_str())
}

/// Returns the class and the words of an action; a grace period has a line of its own.
fn action(row: Row) -> (&'static str, String, Option<String>) {
    match row {
        Row::Emit(kind) => {
            let (class, words) = emitted(kind);
            (class, words, None)
        }
        Row::Skip(reason) => ("skips", skipped(reason), None),
        Row::Await(grace, then) => {
            let grace = match grace {
                GraceKind::Activation => "activation_grace",
                GraceKind::Delete => "delete_grace",
                GraceKind::DeleteConfirm => "delete_confirm",
                GraceKind::Vanish => "vanish_grace",
            };
            let then = match then {
                AfterGrace::Emit(kind) => emitted(kind).1,
                AfterGrace::Skip(reason) => skipped(reason),
                AfterGrace::AsWebhook => "as a webhook".to_owned(),
            };
            (
                "waits",
                format!("doubt for {grace},"),
                Some(format!("then {then}")),
            )
        }
    }
}

fn text(svg: &mut String, x: usize, y: usize, attributes: &str, words: &str) {
    _ = writeln!(svg, "<text x=\"{x}\" y=\"{y}\"{attributes}>{words}</text>");
}

fn draw_cell(svg: &mut String, place: (usize, usize), cell: &[(&str, Row)]) {
    let height = HEIGHT / cell.len();
    for (index, (condition, row)) in cell.iter().enumerate() {
        let (x, y) = (place.0, place.1 + index * height);
        let (class, words, then) = action(*row);
        _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{height}\" class=\"cell {class}\"/>"
        );
        let condition = if condition.is_empty() {
            String::new()
        } else {
            format!(" ({condition})")
        };
        let line = format!("{}{condition}", words.trim_start_matches("account."));
        let first = if then.is_some() {
            y + height / 2 - 3
        } else {
            y + height / 2 + 4
        };
        text(svg, x + 8, first, "", &line);
        if let Some(then) = then {
            text(
                svg,
                x + 8,
                y + height / 2 + 11,
                "",
                &then.replace("account.", ""),
            );
        }
    }
}

fn draw() -> String {
    let (width, height) = (LEFT + WIDTH * PHASES.len() + 8, TOP + HEIGHT * 12 + 8);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n{STYLE}\n\
         <rect width=\"{width}\" height=\"{height}\" class=\"back\"/>\n"
    );
    let bold = " font-weight=\"bold\"";
    text(
        &mut svg,
        8,
        20,
        " font-size=\"14\" font-weight=\"bold\"",
        "What is decided of an answer",
    );
    text(
        &mut svg,
        8,
        38,
        "",
        "Rows: what led to the lookup, and what the accounts API says. Columns: what was confirmed before.",
    );
    for (column, (name, _)) in PHASES.iter().enumerate() {
        text(&mut svg, LEFT + column * WIDTH + 8, TOP - 10, bold, name);
    }
    for (group, (trigger_name, trigger)) in TRIGGERS.iter().enumerate() {
        for (line, (seen_name, seen)) in SEEN.iter().enumerate() {
            let y = TOP + (group * SEEN.len() + line) * HEIGHT;
            text(&mut svg, 8, y + 19, bold, trigger_name);
            text(&mut svg, 8, y + 33, "", seen_name);
            for (column, (_, phase)) in PHASES.iter().enumerate() {
                let place = (LEFT + column * WIDTH, y);
                draw_cell(&mut svg, place, &cell(*trigger, *seen, *phase));
            }
        }
    }
    svg.push_str("</svg>\n");
    svg
}

#[test]
fn the_picture_of_the_decision_table_is_the_codes() {
    let (file, drawn) = (Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE), draw());
    if std::env::var_os("DRAW_DECISION_TABLE").is_some() {
        std::fs::write(&file, &drawn).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(
        kept == drawn,
        "{FILE} is not drawn from this code: run `just draw-decision-table`"
    );
}
