//! Reads the list of sources and their secrets again while the service runs.
//!
//! What no longer stands in the list is revoked; what cannot be read keeps its last good value, loudly. Requests never
//! wait: a new set of sources takes the place of the old one in one step.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use stackone_link_process::spawn::spawn_blocking;
use tokio::task::JoinError;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Origin, SourceSettings};
use crate::ingest::Ingest;
use crate::source::{Sources, Unreadable};
use crate::tasks::SECRETS;

/// Twice as often as what is promised to take effect within 2 seconds.
const EVERY: Duration = Duration::from_secs(1);

/// What could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Configuration,
    Secret { source: String, secret: String },
}

/// Why, for each place.
type Troubles = BTreeMap<Place, String>;

/// Reads again and again; remembers what it read last.
pub(crate) struct SecretReload {
    origin: Origin,
    /// What the configuration file said when it was last looked at.
    text: Option<String>,
    list: Vec<SourceSettings>,
    list_problem: Option<String>,
    troubles: Troubles,
}

impl Place {
    fn source(&self) -> Option<&str> {
        match self {
            Self::Configuration => None,
            Self::Secret { source, .. } => Some(source),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration => write!(formatter, "the list of sources"),
            Self::Secret { source, secret } => write!(formatter, "secret {secret} of {source}"),
        }
    }
}

/// Runs until `stop`.
///
/// # Errors
///
/// Where reading panicked.
pub(crate) async fn run(
    mut reload: SecretReload,
    ingest: Data<Ingest>,
    stop: CancellationToken,
) -> Result<(), JoinError> {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let last = ingest.sources.load_full();
        let read = spawn_blocking(SECRETS, move || {
            let (sources, troubles) = reload.read(&last);
            (reload, last, sources, troubles)
        });
        let (sources, last, troubles);
        (reload, last, sources, troubles) = read.await?;
        if !sources.is_same(&last) {
            let served = |source| ingest.metrics.source_is_served(source);
            sources.all().for_each(served);
            ingest.sources.store(Arc::new(sources));
            tracing::info!("secrets have changed; the new ones are live");
        }
        for place in troubles.keys() {
            ingest.metrics.secret_reload_failed(place.source());
        }
        reload.tell(troubles);
    }
    Ok(())
}

impl SecretReload {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            origin: config.origin.clone(),
            text: None,
            list: config.settings.sources.clone(),
            list_problem: None,
            troubles: Troubles::new(),
        }
    }

    /// The sources as they are now, and what could not be read of them.
    fn read(&mut self, last: &Sources) -> (Sources, Troubles) {
        self.read_list();
        let (sources, unreadable) = last.renewed(&self.list, self.origin.environment());
        let mut troubles: Troubles = unreadable.into_iter().map(trouble).collect();
        let list = self.list_problem.clone();
        troubles.extend(list.map(|problem| (Place::Configuration, problem)));
        (sources, troubles)
    }

    /// Reads the list only where the file has changed. One that cannot be used leaves the last one in force.
    fn read_list(&mut self) {
        match self.origin.text() {
            Ok(text) if text == self.text => {}
            Ok(text) => {
                self.text = text;
                let read = self.origin.sources();
                self.list_problem = read.map(|list| self.list = list).err();
            }
            Err(problem) => {
                self.text = None;
                self.list_problem = Some(problem);
            }
        }
    }

    /// Tells each trouble once when it begins, changes or ends.
    fn tell(&mut self, troubles: Troubles) {
        for (place, problem) in &troubles {
            if self.troubles.get(place) != Some(problem) {
                tracing::error!(%place, problem, "cannot be read again; what was last read stays in force");
            }
        }
        for place in self.troubles.keys() {
            if !troubles.contains_key(place) {
                tracing::info!(%place, "is in order again, or no longer asked for");
            }
        }
        self.troubles = troubles;
    }
}

fn trouble(unreadable: Unreadable) -> (Place, String) {
    let Unreadable {
        source,
        secret,
        problem,
    } = unreadable;
    (Place::Secret { source, secret }, problem)
}
