//! Puts evidence and its meaning into one document. Pure.

use jiff::Timestamp;
use serde::Serialize;
use stackone_link_schemas::AccountId;
use stackone_processor::config::Settings;

use super::ask::StackOneAnswer;
use super::finding::{AccountFinding, Kind};
use super::found::Evidence;
use super::question::AccountQuestion;
use super::standing::AccountStanding;
use super::tell;
use super::unseen::NotSeen;

/// The explanation of an account. As JSON its members are those of docs/explain.md.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The id of the account.
    pub account_id: AccountId,
    /// When the question was asked.
    pub asked_at: Timestamp,
    /// Older records were not read.
    pub since: Timestamp,
    /// Where the account is.
    pub standing: AccountStanding,
    /// The findings, one line each.
    pub findings: Vec<AccountFinding>,
    /// The evidence for them.
    #[serde(flatten)]
    pub found: Evidence,
    /// The answer of StackOne; absent where it was not asked or gave none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stackone: Option<StackOneAnswer>,
}

impl Explanation {
    /// Explains the evidence, and StackOne's answer where it was asked.
    #[must_use]
    pub fn of(
        settings: &Settings,
        question: AccountQuestion,
        found: Evidence,
        asked: Option<Result<StackOneAnswer, NotSeen>>,
    ) -> Self {
        let standing = AccountStanding::of(&found, question.asked_at);
        let mut findings = tell::findings(settings, &question, &found, standing);
        if let Some(asked) = &asked {
            findings.push(tell::answer(asked));
        }
        Self {
            account_id: question.account,
            asked_at: question.asked_at,
            since: question.since,
            standing,
            findings,
            found,
            stackone: asked.and_then(Result::ok),
        }
    }

    /// Returns the findings about what could not be looked at.
    pub fn not_looked_at(&self) -> impl Iterator<Item = &AccountFinding> {
        let findings = self.findings.iter();
        findings.filter(|finding| finding.kind == Kind::NotLookedAt)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::Value;
    use stackone_link_schemas::{AccountState, DeadLetterReason};
    use stackone_processor::config::Config;

    use super::*;
    use crate::explain::ask::Decided;
    use crate::explain::found::{
        CompleteList, Events, Letter, Looked, SeenOnTopic, Stray, Strays, Trigger, TriggerProgress,
    };
    use crate::explain::newest::Newest;
    use crate::explain::question::ReadLimits;

    const DOCUMENT: &str = include_str!("../../../../docs/explain.md");
    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn seen<T>(found: T) -> SeenOnTopic<T> {
        let looked = Looked {
            topic: "t".to_owned(),
            records: 1,
            not_read: 0,
        };
        SeenOnTopic { found, looked }
    }

    fn one<T>(one: T) -> Newest<T> {
        let mut newest = Newest::default();
        newest.push(one);
        newest
    }

    fn events() -> Events {
        Events {
            triggers: one(Trigger {
                partition: 0,
                offset: 0,
                at: None,
                event_type: None,
                id: None,
                project_id: None,
                received_at: None,
                source: None,
                redrives: 0,
                progress: TriggerProgress::Waiting,
            }),
            lists: vec![CompleteList {
                project_id: None,
                began_at: AT,
                names_account: false,
            }],
            committed: Some(0),
        }
    }

    fn letter() -> Letter {
        Letter {
            partition: 0,
            offset: 0,
            reason: DeadLetterReason::MalformedEvent,
            detail: String::new(),
            event_type: String::new(),
            origin: (0, 0),
            attempts: 0,
            redrives: 0,
            last_seen: AT,
            value_expired: false,
            put_back: false,
        }
    }

    fn stray() -> Stray {
        Stray {
            partition: 0,
            offset: 0,
            at: None,
            event_type: None,
            project_id: None,
            source: None,
            reason: None,
        }
    }

    fn explanation(decided: Decided) -> Explanation {
        let strays = Strays {
            strays: one(stray()),
            nameless: 0,
        };
        let found = Evidence {
            state: Ok(None::<AccountState>),
            events: Ok(seen(events())),
            letters: Ok(seen(one(letter()))),
            strays: Ok(seen(strays)),
        };
        let question = AccountQuestion {
            account: AccountId::try_from("a").unwrap(),
            asked_at: AT,
            since: AT,
            limits: ReadLimits::of(0),
        };
        let answer = StackOneAnswer {
            project: "acme".to_owned(),
            status: None,
            is_for_pending: false,
            decided,
        };
        let settings = Config::settings(None, &HashMap::new()).unwrap();
        Explanation::of(&settings, question, found, Some(Ok(answer)))
    }

    /// Collects the names of all members, at every depth.
    fn names(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| {
                into.push(name.clone());
                names(value, into);
            }),
            Value::Array(items) => items.iter().for_each(|item| names(item, into)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn every_name_of_the_document_is_documented() {
        let mut all = Vec::new();
        for decided in [
            Decided::Emit {
                event: "account.linked".to_owned(),
            },
            Decided::Skip {
                reason: "unchanged",
            },
            Decided::Recheck { due_at: AT },
        ] {
            names(
                &serde_json::to_value(explanation(decided)).unwrap(),
                &mut all,
            );
        }
        assert!(all.len() > 100, "{all:?}");
        for name in all {
            assert!(DOCUMENT.contains(&format!("`{name}`")), "{name}");
        }
    }
}
