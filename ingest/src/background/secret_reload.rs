//! Reads the list of sources and their secrets again while the service runs.
//!
//! What no longer stands in the list is revoked; what cannot be read keeps its last good value,
//! loudly. Requests never wait: a new set of sources takes the place of the old one in one step.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use actix_web::web::Data;
use stackone_link_process::watch::{Notice, Notices, Watched};

use crate::auth::source::{Source, Sources, Unreadable};
use crate::config::{Config, Origin, SourceSettings};
use crate::ingest::Ingest;

/// What is read again: the list of sources, or one secret of one of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Configuration,
    Secret { source: String, secret: String },
}

/// Reads list and secrets once a second, and remembers what it read last.
pub(crate) struct SecretReload {
    ingest: Data<Ingest>,
    origin: Origin,
    /// What the configuration file said when it was last looked at.
    text: Option<String>,
    list: Vec<SourceSettings>,
    list_problem: Option<String>,
    notices: Notices<Place>,
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

impl SecretReload {
    pub(crate) fn new(config: &Config, ingest: Data<Ingest>) -> Self {
        Self {
            ingest,
            origin: config.origin.clone(),
            text: None,
            list: config.settings.sources.clone(),
            list_problem: None,
            notices: Notices::default(),
        }
    }

    /// Reads the list only where the file has changed. One that cannot be used leaves the last one
    /// in force.
    fn read_list(&mut self) {
        match self.origin.text() {
            Ok(text) if text == self.text => {}
            Ok(text) => {
                self.text = text;
                let read = self.origin.sources();
                let taken = read.map(|list| self.list = list);
                self.list_problem = taken.err().map(|error| error.to_string());
            }
            Err(problem) => {
                self.text = None;
                self.list_problem = Some(problem.to_string());
            }
        }
    }

    /// Collects what the log has to say of the list and of each secret.
    fn notices(&self, sources: &Sources, unreadable: Vec<Unreadable>) -> BTreeMap<Place, Notice> {
        let odd = sources.oddities().map(|(source, secret, oddity)| {
            let (source, secret) = (source.to_owned(), secret.to_owned());
            (
                Place::Secret { source, secret },
                Notice::Odd(oddity.to_string()),
            )
        });
        let mut notices: BTreeMap<_, _> = odd.collect();
        notices.extend(unreadable.into_iter().map(unusable));
        let list = self.list_problem.clone();
        notices.extend(list.map(|problem| (Place::Configuration, Notice::Unusable(problem))));
        notices
    }
}

impl Watched for SecretReload {
    fn look(&mut self) {
        self.read_list();
        let last = self.ingest.sources.load_full();
        let (sources, unreadable) = last.renewed(&self.list, self.origin.environment());
        let notices = self.notices(&sources, unreadable);
        let (ingest, metrics) = (&self.ingest, &self.ingest.metrics);
        if !sources.is_same(&last) {
            let served =
                |source: &Source| metrics.source_is_served(source.name(), source.secrets());
            sources.all().for_each(served);
            ingest.sources.store(Arc::new(sources));
            tracing::info!("secrets have changed; the new ones are live");
        }
        for (place, notice) in &notices {
            if matches!(notice, Notice::Unusable(_)) {
                metrics.reloads.secret_failed(place.source());
            }
        }
        self.notices.log_changes(notices);
    }
}

fn unusable(unreadable: Unreadable) -> (Place, Notice) {
    let Unreadable {
        source,
        secret,
        problem,
    } = unreadable;
    (Place::Secret { source, secret }, Notice::Unusable(problem))
}
