//! `--project id=…,api-key-file=…,webhook-url=…,webhook-secret-file=…`

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use stackone_simulator::{ProjectConfig, WebhookTarget};
use url::Url;

use super::CommandError;
use super::secret::{self, API_KEY_ENV, WEBHOOK_SECRET_ENV};

/// The projects, and what those have that do not say otherwise.
#[derive(Debug, Args)]
pub(super) struct ProjectArgs {
    /// A project: KEY=VALUE pairs, separated by commas, of `id` (required), `api-key-file`,
    /// `api-key-env`, `webhook-url`, `webhook-secret-file` and `webhook-secret-env`. May be
    /// repeated. What is left out is taken from the options below; without this option there is one
    /// project, `simulated`.
    #[arg(long = "project", value_name = "KEY=VALUE,…")]
    projects: Vec<ProjectArg>,
    /// The file with the API key. Without it: the environment variable
    /// `STACKONE_SIMULATOR_API_KEY`.
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
    /// Where webhooks go. Without it none are sent.
    #[arg(long, value_name = "URL")]
    webhook_url: Option<Url>,
    /// The file with the webhook secret. Without it: the environment variable
    /// `STACKONE_SIMULATOR_WEBHOOK_SECRET`.
    #[arg(long, value_name = "FILE")]
    webhook_secret_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct ProjectArg {
    id: String,
    api_key_file: Option<PathBuf>,
    api_key_env: Option<String>,
    webhook_url: Option<Url>,
    webhook_secret_file: Option<PathBuf>,
    webhook_secret_env: Option<String>,
}

impl FromStr for ProjectArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut project = Self::default();
        for pair in text.split(',') {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| format!("{pair:?} is not KEY=VALUE"))?;
            match key {
                "id" => value.clone_into(&mut project.id),
                "api-key-file" => project.api_key_file = Some(value.into()),
                "api-key-env" => project.api_key_env = Some(value.to_owned()),
                "webhook-url" => {
                    let url = value.parse();
                    project.webhook_url =
                        Some(url.map_err(|error| format!("webhook-url: {error}"))?);
                }
                "webhook-secret-file" => project.webhook_secret_file = Some(value.into()),
                "webhook-secret-env" => project.webhook_secret_env = Some(value.to_owned()),
                _ => return Err(format!("there is no key {key:?}")),
            }
        }
        if project.id.is_empty() {
            return Err("id is missing".to_owned());
        }
        Ok(project)
    }
}

impl ProjectArgs {
    /// The projects with their secrets.
    pub(super) fn read(self) -> Result<Vec<ProjectConfig>, CommandError> {
        if self.projects.is_empty() {
            let only = ProjectArg {
                id: "simulated".to_owned(),
                ..ProjectArg::default()
            };
            return Ok(vec![self.configure(&only)?]);
        }
        let each = self.projects.iter();
        each.map(|project| self.configure(project)).collect()
    }

    fn configure(&self, project: &ProjectArg) -> Result<ProjectConfig, CommandError> {
        let file = match project.api_key_env {
            Some(_) => project.api_key_file.as_ref(),
            None => project.api_key_file.as_ref().or(self.api_key_file.as_ref()),
        };
        let variable = project.api_key_env.as_deref().unwrap_or(API_KEY_ENV);
        let api_key = secret::read(file.map(PathBuf::as_path), variable)?.ok_or_else(|| {
            CommandError::Usage(format!(
                "project {:?} has no API key: give --api-key-file FILE, or set {variable}",
                project.id
            ))
        })?;
        Ok(ProjectConfig {
            id: project.id.clone(),
            api_key,
            webhook: self.target(project)?,
        })
    }

    fn target(&self, project: &ProjectArg) -> Result<Option<WebhookTarget>, CommandError> {
        let Some(url) = project.webhook_url.as_ref().or(self.webhook_url.as_ref()) else {
            return Ok(None);
        };
        let own = project.webhook_secret_file.as_ref();
        let file = match project.webhook_secret_env {
            Some(_) => own,
            None => own.or(self.webhook_secret_file.as_ref()),
        };
        let variable = project.webhook_secret_env.as_deref();
        let variable = variable.unwrap_or(WEBHOOK_SECRET_ENV);
        let secret = secret::read(file.map(PathBuf::as_path), variable)?.ok_or_else(|| {
            CommandError::Usage(format!(
                "project {:?} has no webhook secret: give --webhook-secret-file FILE, or set {variable}",
                project.id
            ))
        })?;
        Ok(Some(WebhookTarget {
            url: url.clone(),
            secret,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_read_from_pairs_and_a_mistake_is_named() {
        let project: ProjectArg = "id=a,api-key-file=/k,webhook-url=http://h/w"
            .parse()
            .unwrap();
        assert_eq!(project.id, "a");
        assert_eq!(project.api_key_file, Some("/k".into()));
        assert_eq!(project.webhook_url.unwrap().as_str(), "http://h/w");
        for (text, mistake) in [
            ("api-key-file=/k", "id is missing"),
            ("id=a,key=v", "there is no key \"key\""),
            ("id", "\"id\" is not KEY=VALUE"),
        ] {
            assert_eq!(text.parse::<ProjectArg>().unwrap_err(), mistake);
        }
    }
}
