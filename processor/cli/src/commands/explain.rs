//! `explain`: prints where an account is and why, as text for people or as one JSON object for
//! scripts.

mod arguments;

use std::io::{self, IsTerminal as _, Write};

use stackone_processor::config::{Config, Settings};
use stackone_processor_operate::explain::{
    AccountFinding, AccountQuestion, Evidence, Explanation, NotSeen, ReadProgress, ask, look,
};

use crate::bar::Bar;
use crate::contact;
use crate::escaped::escaped;
pub(super) use arguments::EXAMPLES;
pub(crate) use arguments::Explain;

/// Prints what the topics hold about the account.
pub(crate) async fn run(
    settings: &Settings,
    asked: &Explain,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let question = asked.question();
    let found = found(settings, &question).await;
    tell(
        out,
        &Explanation::of(settings, question, found, None),
        asked.json,
    )
}

/// Prints the same, and what StackOne answers.
pub(crate) async fn and_ask(
    config: &Config,
    asked: &Explain,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let (settings, question) = (&config.settings, asked.question());
    let found = found(settings, &question).await;
    let answer = ask(config, &question.account, &found, asked.project.as_deref()).await;
    let explanation = Explanation::of(settings, question, found, Some(answer));
    tell(out, &explanation, asked.json)
}

/// Collects what the topics hold. Where no broker answers, the evidence says so, as for anything
/// else that could not be read.
async fn found(settings: &Settings, question: &AccountQuestion) -> Evidence {
    if let Err(error) = contact::made(&settings.kafka).await {
        return Evidence::unseen(&NotSeen::of(error.as_ref()));
    }
    // Progress is only for a person at a terminal.
    let mut bar = io::stderr().is_terminal().then(Bar::new);
    let progress = move |reading: ReadProgress<'_>| {
        let ReadProgress { topic, done, of } = reading;
        if let Some(bar) = &mut bar {
            bar.tell(done, of, topic);
        }
    };
    look(settings, question, progress).await
}

/// Prints the explanation. Fails at the end where something could not be looked at.
fn tell(out: &mut impl Write, explanation: &Explanation, json: bool) -> anyhow::Result<()> {
    if json {
        writeln!(out, "{}", serde_json::to_string(explanation)?)?;
    } else {
        text(out, explanation)?;
    }
    let unseen: Vec<&str> = explanation
        .not_looked_at()
        .map(|finding| finding.about.as_str())
        .collect();
    anyhow::ensure!(unseen.is_empty(), "not looked at: {}", unseen.join(", "));
    Ok(())
}

/// Prints a line for each finding, with the advice below it.
fn text(out: &mut impl Write, explanation: &Explanation) -> io::Result<()> {
    let Explanation {
        account_id,
        asked_at,
        since,
        findings,
        ..
    } = explanation;
    writeln!(
        out,
        "account {account_id}, {asked_at}, records since {since}"
    )?;
    for AccountFinding {
        about,
        kind,
        says,
        advice,
    } in findings
    {
        let (kind, about) = (kind.as_str(), about.as_str());
        writeln!(out, "{kind:9}  {about:12}  {}", escaped(says))?;
        if let Some(advice) = advice {
            writeln!(out, "{:25}-> {}", "", escaped(advice))?;
        }
    }
    Ok(())
}
