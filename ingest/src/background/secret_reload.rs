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
    /// What the configuration file said when its list was last taken over.
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

    /// Reads the list only where the file has changed since it could be used. One that cannot be
    /// used leaves the last one in force.
    fn read_list(&mut self) {
        match self.origin.text() {
            Ok(text) if text == self.text => {}
            Ok(text) => {
                let read = self.origin.sources();
                let taken = read.map(|list| self.list = list);
                self.list_problem = taken.err().map(|error| error.to_string());
                // The file was read a second time, and may have been away just then.
                self.text = text.filter(|_| self.list_problem.is_none());
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

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::collections::HashMap;
    use std::fs::{self, OpenOptions};
    use std::io::Write as _;
    use std::path::Path;
    use std::process::Command;
    use std::thread;

    use super::*;
    use crate::metrics::Metrics;

    /// A list with one secret of this name, whose file is beside it.
    fn list(folder: &Path, secret: &str) -> String {
        let file = folder.join(secret);
        fs::write(&file, secret).unwrap();
        let file = file.display();
        format!("[[sources]]\nname = 'a'\nsecrets = [{{ name = '{secret}', file = '{file}' }}]\n")
    }

    #[tokio::test]
    async fn a_list_that_was_away_for_a_moment_is_read_when_it_is_back() {
        let folder = tempfile::tempdir().unwrap();
        let [old, new] = ["old", "new"].map(|secret| list(folder.path(), secret));
        let file = folder.path().join("ingest.toml");
        fs::write(&file, old).unwrap();
        let config = Config::load(Some(&file), &HashMap::new()).unwrap();
        let ingest = Data::new(Ingest::new(&config, Metrics::new().unwrap()).unwrap());
        let mut reload = SecretReload::new(&config, ingest.clone());
        reload.look();
        // The new list can be read once. It is gone when it is read a second time.
        fs::remove_file(&file).unwrap();
        assert!(
            Command::new("mkfifo")
                .arg(&file)
                .status()
                .unwrap()
                .success()
        );
        let (pipe, text) = (file.clone(), new.clone());
        let writes = thread::spawn(move || {
            let mut writer = OpenOptions::new().write(true).open(&pipe).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
            fs::remove_file(&pipe).unwrap();
        });
        reload.look();
        writes.join().unwrap();
        fs::write(&file, new).unwrap();
        reload.look();
        let source = ingest.source("a").unwrap();
        assert_eq!(source.secrets().collect::<Vec<_>>(), ["new"]);
    }
}
