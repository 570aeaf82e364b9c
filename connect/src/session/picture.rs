//! The states of a session as the documents show them.

use stackone_link_schemas::{LinkOutcome, LinkSessionChange, TokenMinted};

use super::SessionState;
use super::testing::hinted;
use super::testing::settled;
use super::tests::{now_of, seen_at, tenant_in};

const PAGE: &str = include_str!("../../../docs/walkthroughs/link-session.md");
/// Stands above the picture in the page.
const BEGIN: &str = "<!-- of the code: states -->\n```mermaid\n";

/// A line for each fact that leads from a state to another one, and for the end of a session's
/// time.
fn arrows() -> Vec<String> {
    let facts = [
        ("opened", LinkSessionChange::Opened),
        (
            "token_minted",
            LinkSessionChange::TokenMinted(TokenMinted::default()),
        ),
        ("linked_reported", hinted("a")),
        ("settled verified", settled(LinkOutcome::Verified, "a", 1)),
        ("settled failed", settled(LinkOutcome::Failed, "a", 1)),
        ("cancelled", LinkSessionChange::Cancelled),
    ];
    let mut arrows = vec!["[*] --> created: created".to_owned()];
    for before in SessionState::ALL {
        for (name, fact) in &facts {
            let mut tenant = tenant_in(before);
            tenant.fact(1, fact.clone(), now_of(before));
            let after = seen_at(&tenant, 1, now_of(before));
            if after != before {
                let (before, after) = (before.as_str(), after.as_str());
                arrows.push(format!("{before} --> {after}: {name}"));
            }
        }
        let later = seen_at(&tenant_in(before), 1, now_of(SessionState::Expired));
        if later != before {
            arrows.push(format!("{} --> {}", before.as_str(), later.as_str()));
        }
    }
    let over = SessionState::ALL
        .into_iter()
        .filter(|state| state.is_final());
    arrows.extend(over.map(|state| format!("{} --> [*]", state.as_str())));
    arrows
}

#[test]
fn the_picture_of_a_sessions_states_is_the_codes() {
    let (_, after) = PAGE.split_once(BEGIN).unwrap();
    let (shown, _) = after.split_once("```").unwrap();
    let lines = arrows().into_iter().map(|arrow| format!("    {arrow}\n"));
    let drawn = format!("stateDiagram-v2\n{}", lines.collect::<String>());
    assert_eq!(
        shown, drawn,
        "put this into docs/walkthroughs/link-session.md"
    );
}
