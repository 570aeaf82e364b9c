//! The summary: a table for people, one JSON object for programs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::observed::Observed;
use crate::screen::{Screen, Tone};
use crate::verdict::{Complaint, Expectations};

/// The result of the story, as `--json` prints it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    /// All went as it must.
    pub ok: bool,
    webhooks: Webhooks,
    events: BTreeMap<String, u64>,
    dispositions: BTreeMap<String, u64>,
    links: Links,
    elapsed_ms: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct Webhooks {
    accepted: u64,
    rejected: u64,
}

/// Link sessions that the story has begun, by what their pages were told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct Links {
    verified: u64,
}

impl Summary {
    /// Sums up.
    pub(crate) fn new(expected: &Expectations, seen: &Observed, ok: bool, elapsed_ms: u64) -> Self {
        let mut events = BTreeMap::new();
        for sighting in &seen.lifecycle {
            *events.entry(sighting.event.clone()).or_default() += 1;
        }
        Self {
            ok,
            webhooks: Webhooks {
                accepted: expected.accepted as u64,
                rejected: expected.rejected,
            },
            events,
            dispositions: seen.processor.dispositions.clone(),
            links: Links {
                verified: expected.links,
            },
            elapsed_ms,
        }
    }

    /// One line of JSON.
    ///
    /// # Errors
    ///
    /// Never: text and numbers always serialise.
    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// Shows what came of the story.
    pub(crate) fn show(
        &self,
        expected: &Expectations,
        seen: &Observed,
        complaints: &[Complaint],
        screen: &Screen,
    ) {
        screen.heading("What came of it");
        show_accounts(expected, seen, screen);
        let Webhooks { accepted, rejected } = self.webhooks;
        screen.text(&format!(
            "\n  webhooks      {accepted} accepted, {rejected} rejected, {} lost",
            expected.lost
        ));
        screen.text(&format!("  events        {}", list(&self.events)));
        screen.text(&format!("  dispositions  {}", list(&self.dispositions)));
        let verified = self.links.verified;
        screen.text(&format!("  links         {verified} verified in a page\n"));
        for complaint in complaints {
            screen.outcome(Tone::Bad, &format!("  ✗ {complaint}"));
        }
        let seconds = std::time::Duration::from_millis(self.elapsed_ms).as_secs_f64();
        if self.ok {
            screen.outcome(
                Tone::Good,
                &format!("  ✓ every expected event was seen, and no other, in {seconds:.1} s"),
            );
        } else {
            screen.outcome(
                Tone::Bad,
                &format!("  ✗ the story did not go as it must ({seconds:.1} s)"),
            );
        }
    }
}

/// One line for each account: what was to happen to it, with a mark where it was not seen.
fn show_accounts(expected: &Expectations, seen: &Observed, screen: &Screen) {
    let mut accounts: Vec<(&str, &str, Vec<String>)> = Vec::new();
    for event in &expected.events {
        let is_seen = seen.lifecycle.iter().any(|sighting| event.is(sighting));
        let mark = if is_seen { "" } else { "✗ " };
        let name = format!("{mark}{}", without_prefix(event.event.as_str()));
        match accounts
            .iter_mut()
            .find(|(account, ..)| *account == event.account)
        {
            Some((.., events)) => events.push(name),
            None => accounts.push((&event.account, &event.label, vec![name])),
        }
    }
    for (account, label, events) in accounts {
        screen.text(&format!(
            "  {account:<22}  {label:<20}  {}",
            events.join(" → ")
        ));
    }
}

/// Every event of ours is about an account.
fn without_prefix(event: &str) -> &str {
    event.strip_prefix("account.").unwrap_or(event)
}

fn list(counts: &BTreeMap<String, u64>) -> String {
    let entries: Vec<_> = counts
        .iter()
        .map(|(name, count)| format!("{count} {}", without_prefix(name)))
        .collect();
    entries.join(", ")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::observed::Sighting;
    use crate::scrape::Counts;

    #[test]
    fn the_json_line_is_as_the_contract_has_it() {
        let seen = Observed {
            lifecycle: vec![Sighting {
                id: Uuid::nil(),
                account: "acc-1".to_owned(),
                version: 1,
                event: "account.linked".to_owned(),
                status: Some("active".to_owned()),
                by_listing: false,
            }],
            processor: Counts {
                dispositions: BTreeMap::from([
                    ("emitted".to_owned(), 1),
                    ("skipped:duplicate".to_owned(), 2),
                ]),
                emitted: 1,
            },
            ..Observed::default()
        };
        let expected = Expectations {
            accepted: 3,
            rejected: 1,
            links: 2,
            ..Expectations::default()
        };
        let line = Summary::new(&expected, &seen, true, 42).to_json().unwrap();
        assert_eq!(
            line,
            r#"{"ok":true,"webhooks":{"accepted":3,"rejected":1},"events":{"account.linked":1},"dispositions":{"emitted":1,"skipped:duplicate":2},"links":{"verified":2},"elapsed_ms":42}"#
        );
    }
}
