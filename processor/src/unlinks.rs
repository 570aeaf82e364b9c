//! `unlinks list | release`: accounts that are not unlinked because too many of their project vanished at once.

use std::io::Write;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use stackone_link_process::spawn::spawn_blocking;
use stackone_link_schemas::{
    AccountState, CloudEvent, Grace, GraceKind, UNLINKS_RELEASED_TYPE, UnlinksReleased,
    event_id_of_body, source_of_project,
};
use stackone_link_transport::{Publisher, TopicAdmin};
use stackone_link_wire::{OutgoingRecord, RecordHeaders};

use crate::cli::UnlinksCommand;
use crate::config::{ProjectSettings, Settings};
use crate::state_view;
use crate::tasks;

/// How long a record may take to be stored.
const ACK_DEADLINE: Duration = Duration::from_secs(30);
/// What a single project without an id is called.
const UNNAMED: &str = "default";

/// Shows or releases, telling `out`.
///
/// # Errors
///
/// Where the project is not configured, or Kafka cannot be read or written.
pub async fn run(
    command: UnlinksCommand,
    settings: &Settings,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    match command {
        UnlinksCommand::List { project, json } => {
            list(project.as_deref(), json, settings, out).await
        }
        UnlinksCommand::Release { project } => release(&project, settings, out).await,
    }
}

/// Has every owner of a partition release what vanished of the project until now.
async fn release(project: &str, settings: &Settings, out: &mut impl Write) -> anyhow::Result<()> {
    let configured = settings
        .projects
        .iter()
        .find(|known| is_named(known, project));
    let configured = configured.with_context(|| format!("project {project} is not configured"))?;
    let value = serde_json::to_vec(&UnlinksReleased {
        project_id: configured.id.clone(),
        released_at: Timestamp::now(),
    })?;
    let topic = &settings.topics.account_events;
    let partitions = TopicAdmin::new(&settings.kafka)?
        .partition_count(topic)
        .await?;
    let publisher = Publisher::new(&settings.kafka, "stackone-unlinks", ACK_DEADLINE)?;
    let headers = RecordHeaders::of(CloudEvent {
        id: event_id_of_body(&value),
        event_type: UNLINKS_RELEASED_TYPE.to_owned(),
        source: source_of_project(configured.id.as_deref()),
        subject: None,
        time: Some(Timestamp::now()),
        dataschema: None,
    });
    for partition in 0..partitions {
        let headers = headers.clone();
        let record = OutgoingRecord {
            topic,
            key: None,
            value: &value,
            headers,
        };
        let stored = publisher.publish_to(&record, partition).await;
        stored.with_context(|| {
            format!("partition {partition} was not told; run the command again")
        })?;
    }
    writeln!(
        out,
        "{project}: told all {partitions} partitions; each account that vanished until now is looked up once more, and \
         unlinked if it still answers 404"
    )?;
    Ok(())
}

async fn list(
    project: Option<&str>,
    json: bool,
    settings: &Settings,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let (kafka, group) = (settings.kafka.clone(), settings.group.id.clone());
    let topic = settings.topics.state.clone();
    let reading = spawn_blocking(tasks::STATES, move || {
        state_view::read(&kafka, &group, &topic, None)
    });
    let states = reading.await?.context("state cannot be read")?;
    let of_project = |state: &&AccountState| {
        project.is_none_or(|project| state.project_id.as_deref().unwrap_or(UNNAMED) == project)
    };
    let vanished = states.values().filter(of_project);
    let vanished: Vec<_> = vanished
        .filter_map(|state| Some((state, vanishing(state)?)))
        .collect();
    for (state, grace) in &vanished {
        if json {
            writeln!(out, "{}", serde_json::to_string(state)?)?;
        } else {
            writeln!(out, "{}", line(state, grace, Timestamp::now()))?;
        }
    }
    if !json {
        writeln!(
            out,
            "{} accounts answer 404 and are not unlinked",
            vanished.len()
        )?;
    }
    Ok(())
}

fn is_named(project: &ProjectSettings, name: &str) -> bool {
    project.id.as_deref().unwrap_or(UNNAMED) == name
}

fn vanishing(state: &AccountState) -> Option<Grace> {
    let grace = state.pending.as_ref()?.grace?;
    (grace.kind == GraceKind::Vanish).then_some(grace)
}

fn line(state: &AccountState, grace: &Grace, now: Timestamp) -> String {
    let project = state.project_id.as_deref().unwrap_or(UNNAMED);
    let what = match grace.released_at {
        Some(released) => format!("released {released}"),
        None if grace.deadline <= now => "due".to_owned(),
        None => format!("doubted until {}", grace.deadline),
    };
    format!(
        "{}  {project}  404 since {}  {what}",
        state.account_id, grace.since
    )
}

#[cfg(test)]
mod tests {
    use stackone_link_schemas::{AccountId, Pending, Trigger};

    use super::*;
    use stackone_processor_core::reconcile::unknown_account;
    use stackone_processor_core::work::Work;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_772_614_800 + seconds).unwrap()
    }

    fn state(kind: GraceKind, released_at: Option<Timestamp>) -> AccountState {
        let trigger = Trigger::Recheck;
        let (since, deadline) = (at(0), at(600));
        let grace = Grace {
            kind,
            trigger,
            since,
            deadline,
            answers: 1,
            released_at,
        };
        let pending = Pending {
            grace: Some(grace),
            ..Work::nothing(trigger, at(0)).pending
        };
        let id = AccountId::try_from("acc-1").unwrap();
        AccountState {
            pending: Some(pending),
            ..unknown_account(&id)
        }
    }

    #[test]
    fn only_accounts_that_vanished_are_listed_and_each_says_how_it_stands() {
        assert_eq!(vanishing(&state(GraceKind::Activation, None)), None);
        let how = |released_at, now| {
            let state = state(GraceKind::Vanish, released_at);
            line(&state, &vanishing(&state).unwrap(), at(now))
        };
        assert!(
            how(None, 599)
                .starts_with("acc-1  default  404 since 2026-03-04T09:00:00Z  doubted until")
        );
        assert!(how(None, 600).ends_with("  due"));
        assert!(how(Some(at(700)), 800).contains("  released 2026-03-04T09:11:40Z"));
    }
}
