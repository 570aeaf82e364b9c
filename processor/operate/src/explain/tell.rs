//! Turns evidence into findings in words: what is there, what is not, and what that means. Pure.

mod answer;
mod extent;
mod lists;
mod newest;
mod pending;
mod put_aside;
mod sentence;
mod state;
mod triggers;
mod words;

use stackone_processor::config::Settings;

use super::finding::AccountFinding;
use super::found::Evidence;
use super::question::AccountQuestion;
use super::standing::AccountStanding;

pub(super) use answer::answer;

/// Returns the findings, one line each.
pub(super) fn findings(
    settings: &Settings,
    question: &AccountQuestion,
    found: &Evidence,
    standing: AccountStanding,
) -> Vec<AccountFinding> {
    let topics = &settings.topics;
    let now = question.asked_at;
    let mut all = vec![sentence::sentence(found, standing, now)];
    all.push(state::state(&topics.state, &found.state));
    all.extend(pending::pending(settings, found.state(), now));
    all.extend(triggers::triggers(topics, question, &found.events));
    all.extend(lists::lists(question, &found.events));
    all.extend(put_aside::letters(topics, question, &found.letters));
    all.extend(put_aside::strays(topics, question, &found.strays));
    all
}

#[cfg(test)]
mod tests;
