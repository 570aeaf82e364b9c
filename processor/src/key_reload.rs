//! Reads API key files again while the processor runs, so that a key can be rotated without a restart.
//!
//! A file that is missing or empty keeps the last good key, loudly: whoever replaces a file may do so in two steps.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use stackone_link_process::spawn::spawn_blocking;
use tokio::task::JoinError;
use tokio::time::{MissedTickBehavior, interval};

use crate::config::{ProjectSettings, api_key};
use crate::metrics::Metrics;
use crate::projects::Projects;
use crate::tasks;
use stackone_processor_core::work::queue::Lane;

/// Twice as often as what is promised to take effect within 2 seconds.
const EVERY: Duration = Duration::from_secs(1);

/// Reads again and again.
pub(crate) struct KeyReload {
    /// The projects whose keys are in files, and why one could not be read when it was last tried.
    files: Vec<KeyFile>,
    projects: Arc<Projects>,
    metrics: Arc<Metrics>,
}

struct KeyFile {
    lane: Lane,
    settings: ProjectSettings,
    trouble: Option<String>,
}

impl KeyReload {
    /// For projects in the order of their settings.
    pub(crate) fn new(
        settings: &[ProjectSettings],
        projects: Arc<Projects>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let files = settings.iter().cloned().enumerate();
        let files = files.filter(|(_, settings)| settings.api_key_file.is_some());
        let files = files.map(|(lane, settings)| KeyFile {
            lane,
            settings,
            trouble: None,
        });
        Self {
            files: files.collect(),
            projects,
            metrics,
        }
    }

    /// Runs for as long as it is let; ends only where reading panicked.
    pub(crate) async fn run(mut self) -> JoinError {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let read = spawn_blocking(tasks::KEY_RELOAD, move || {
                self.read();
                self
            });
            self = match read.await {
                Ok(this) => this,
                Err(panicked) => return panicked,
            };
        }
    }

    fn read(&mut self) {
        for file in &mut self.files {
            let Some(project) = self.projects.get(file.lane) else {
                continue;
            };
            let name = self.projects.label(file.lane);
            let trouble = match api_key(&file.settings, &HashMap::new()) {
                Ok(key) => {
                    if project.client.replace_key(key) {
                        tracing::info!(
                            project = name,
                            "the API key has changed; the new one is in use"
                        );
                    }
                    None
                }
                Err(problem) => {
                    self.metrics.projects.key_reload_failed(name);
                    Some(problem)
                }
            };
            file.tell(trouble, name);
        }
    }
}

impl KeyFile {
    /// Tells a trouble once when it begins, changes or ends.
    fn tell(&mut self, trouble: Option<String>, project: &str) {
        match &trouble {
            same if *same == self.trouble => {}
            Some(problem) => {
                tracing::error!(
                    project,
                    problem,
                    "the API key that was last read stays in use"
                )
            }
            None => tracing::info!(project, "the API key can be read again"),
        }
        self.trouble = trouble;
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use stackone_client::{ApiVersion, Client, ClientOptions};

    use super::*;
    use stackone_processor_core::api_gate::Project;

    fn reload(file: &Path) -> KeyReload {
        let base_url: url::Url = "https://api.stackone.com".parse().unwrap();
        let settings = ProjectSettings {
            id: Some("p".to_owned()),
            api_key_file: Some(file.to_owned()),
            api_key_env: None,
            base_url: base_url.clone(),
            requests_per_minute: std::num::NonZeroU32::MIN,
            api_version: ApiVersion::V1,
        };
        let client = Client::new(ClientOptions {
            base_url,
            api_key: "first".to_owned().into(),
            api_version: ApiVersion::V1,
            timeout: EVERY,
            personal: stackone_client::PersonalFields {
                origin_username: true,
                setup_information: false,
            },
        });
        let project = Project {
            id: settings.id.clone(),
            requests_per_minute: settings.requests_per_minute,
        };
        let projects = Projects::new(vec![(project, client.unwrap())]);
        let metrics = Arc::new(Metrics::new().unwrap());
        KeyReload::new(&[settings], Arc::new(projects), metrics)
    }

    #[test]
    fn a_missing_or_empty_file_keeps_the_last_good_key_and_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let mut reload = reload(&file);
        let mut steps = Vec::new();
        for content in [
            Some("first\n"),
            None,
            Some("\n"),
            Some("second\n"),
            Some("second"),
        ] {
            match content {
                Some(content) => std::fs::write(&file, content).unwrap(),
                None => std::fs::remove_file(&file).unwrap(),
            }
            reload.read();
            let failures = &reload.metrics.projects.key_reload_failures;
            let generation = reload.projects.get(0).unwrap().client.key_generation();
            steps.push((generation, failures.with_label_values(&["p"]).get()));
        }
        assert_eq!(steps, [(0, 0), (0, 1), (0, 2), (1, 2), (1, 2)]);
        assert_eq!(reload.files[0].trouble, None);
    }
}
