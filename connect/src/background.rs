//! The work beside the listeners: reading both topics, settling sessions, reading secrets again.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use stackone_link_process::spawn::{spawn_blocking, spawn_in};
use stackone_link_process::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Reread, Settings};
use crate::connect::Connect;
use crate::follow::Follower;
use crate::followed::Followed;
use crate::settle::Settler;
use crate::tasks::{FACTS, KAFKA_RENEWAL, RENEWAL, SECRET_RELOAD, SECRETS, SETTLER, STATES, Tasks};

/// Half of the 2 s within which a change is promised to take effect.
const RELOAD_EVERY: Duration = Duration::from_secs(1);

/// Starts this work; each task ends at `stop`.
pub(crate) fn spawn(
    connect: &Data<Connect>,
    config: &Config,
    tasks: &mut Tasks,
    stop: &CancellationToken,
) {
    for (name, what) in [(FACTS, Followed::Facts), (STATES, Followed::States)] {
        let follower = follower(connect, &config.settings, what);
        let stop = stop.clone();
        spawn_in(tasks, name, async move {
            let followed = spawn_blocking(name, move || follower.run(&stop)).await;
            (name, followed.map_err(io::Error::other))
        });
    }
    let settler = Settler {
        index: Arc::clone(&connect.index),
        facts: Arc::clone(&connect.facts),
        looks: Arc::clone(&connect.looks),
        metrics: Arc::clone(&connect.metrics),
        readiness: Arc::clone(&connect.readiness),
        ambiguous: HashMap::new(),
        after_cancel: HashSet::new(),
        again: HashSet::new(),
    };
    let until = stop.clone();
    spawn_in(tasks, SETTLER, async move {
        settler.run(until).await;
        (SETTLER, Ok(()))
    });
    let renewal = watch::run(RENEWAL, connect.facts.renewal(), stop.clone());
    spawn_in(tasks, KAFKA_RENEWAL, async move {
        (KAFKA_RENEWAL, renewal.await.map_err(io::Error::other))
    });
    let reload = reload(connect.clone(), Reread::new(config), stop.clone());
    spawn_in(tasks, SECRET_RELOAD, async move {
        (SECRET_RELOAD, reload.await.map_err(io::Error::other))
    });
}

fn follower(connect: &Connect, settings: &Settings, what: Followed) -> Follower {
    let topic = match what {
        Followed::Facts => &settings.topics.link_sessions,
        Followed::States => &settings.topics.state,
    };
    Follower {
        what,
        kafka: settings.kafka.client(),
        group: settings.kafka.group.clone(),
        topic: topic.clone(),
        index: Arc::clone(&connect.index),
        readiness: Arc::clone(&connect.readiness),
        metrics: Arc::clone(&connect.metrics),
    }
}

/// Reads secrets again and again. A secret that cannot be read keeps its last good value, and is
/// logged.
async fn reload(
    connect: Data<Connect>,
    mut reread: Reread,
    stop: CancellationToken,
) -> Result<(), tokio::task::JoinError> {
    let mut known = BTreeSet::new();
    let mut ticks = interval(RELOAD_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let looked = spawn_blocking(SECRETS, move || {
            let (secrets, problems) = reread.look();
            (reread, secrets, problems)
        });
        let (again, secrets, problems) = looked.await?;
        reread = again;
        if let Some(secrets) = secrets {
            connect.auth.replace(&secrets);
            connect.projects.replace_keys(&secrets);
            tracing::info!("secrets have changed; the new ones are live");
        }
        let problems: BTreeSet<_> = problems.into_iter().collect();
        for problem in problems.difference(&known) {
            tracing::error!(
                problem,
                "cannot be read again; what was last read stays in force"
            );
        }
        problems
            .iter()
            .for_each(|_| connect.metrics.reload_failed());
        known = problems;
        connect.auth.renew(&connect.metrics).await;
    }
    Ok(())
}
