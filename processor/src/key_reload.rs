//! Reads API key files again while the processor runs, so that a key can be rotated without a
//! restart.
//!
//! Where a file is missing or empty, the last good key stays in use and a warning is logged: a file
//! may be replaced in two steps.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use stackone_link_process::secret::Secret;
use stackone_link_process::watch::{Notice, Notices, Watched};

use crate::config::{ProjectSettings, api_key};
use crate::metrics::Metrics;
use crate::projects::{ProjectClient, ProjectClients};
use stackone_processor_core::work::queue::Lane;

/// Reads the key files again and again.
pub(crate) struct KeyReload {
    /// The projects whose keys are in files.
    files: Vec<(Lane, ProjectSettings)>,
    projects: Arc<ProjectClients>,
    metrics: Arc<Metrics>,
    notices: Notices<String>,
}

impl KeyReload {
    /// Takes the projects in the order of their settings.
    pub(crate) fn new(
        settings: &[ProjectSettings],
        projects: Arc<ProjectClients>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let files = settings.iter().cloned().enumerate();
        let files = files.filter(|(_, settings)| settings.api_key_file.is_some());
        Self {
            files: files.collect(),
            projects,
            metrics,
            notices: Notices::default(),
        }
    }

    /// Uses a key from now on. Returns the line to log about it, if there is one.
    fn used(project: &ProjectClient<'_>, name: &str, key: Secret) -> Option<Notice> {
        if project.client.replace_key(key.value) {
            tracing::info!(
                project = name,
                "the API key has changed; the new one is in use"
            );
        }
        Some(Notice::Odd(key.oddity?.to_string()))
    }
}

impl Watched for KeyReload {
    fn look(&mut self) {
        let mut notices = BTreeMap::new();
        for (lane, settings) in &self.files {
            let Some(project) = self.projects.get(*lane) else {
                continue;
            };
            let name = self.projects.label(*lane);
            let notice = match api_key(settings, &HashMap::new()) {
                Ok(key) => Self::used(&project, name, key),
                Err(problem) => {
                    self.metrics.projects.key_reload_failed(name);
                    Some(Notice::Unusable(problem))
                }
            };
            notices.extend(notice.map(|notice| (format!("the API key of {name}"), notice)));
        }
        self.notices.log_changes(notices);
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
            timeout: std::time::Duration::from_secs(1),
            personal: stackone_client::PersonalFields {
                origin_username: true,
                setup_information: false,
            },
        });
        let project = Project {
            id: settings.id.clone(),
            requests_per_minute: settings.requests_per_minute,
        };
        let projects = ProjectClients::new(vec![(project, client.unwrap())]);
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
            reload.look();
            let failures = &reload.metrics.projects.key_reload_failures;
            let generation = reload.projects.get(0).unwrap().client.key_generation();
            steps.push((generation, failures.with_label_values(&["p"]).get()));
        }
        assert_eq!(steps, [(0, 0), (0, 1), (0, 2), (1, 2), (1, 2)]);
    }
}
