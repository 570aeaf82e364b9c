//! Projects: an API key sees the accounts of its project only, and each project's webhooks go to
//! its own address.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// A project and its API key.
#[derive(Debug, Clone)]
pub struct ProjectConfig {
    /// Its id.
    pub id: String,
    /// Its API key.
    pub api_key: SecretString,
    /// Where its account events go. Without one they are not sent anywhere.
    pub webhook: Option<WebhookTarget>,
}

/// Where webhooks go, and the secret they are signed with.
#[derive(Debug, Clone)]
pub struct WebhookTarget {
    /// The address.
    pub url: Url,
    /// The secret; its UTF-8 bytes are the key.
    pub secret: SecretString,
}

/// A project at work. Its target and its keys can be changed.
pub(crate) struct Project {
    pub(crate) id: String,
    /// Those that are valid.
    api_keys: RwLock<Vec<SecretString>>,
    target: RwLock<Option<WebhookTarget>>,
}

impl fmt::Debug for Project {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Project({:?})", self.id)
    }
}

impl Project {
    fn new(config: ProjectConfig) -> Self {
        Self {
            id: config.id,
            api_keys: RwLock::new(vec![config.api_key]),
            target: RwLock::new(config.webhook),
        }
    }

    pub(crate) fn target(&self) -> Option<WebhookTarget> {
        let target = self.target.read().unwrap_or_else(PoisonError::into_inner);
        target.clone()
    }

    fn has_key(&self, key: &str) -> bool {
        let keys = self.api_keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().any(|valid| valid.expose_secret() == key)
    }

    pub(crate) fn set_keys(&self, keys: &[SecretString]) {
        let mut valid = self
            .api_keys
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *valid = keys.to_vec();
    }

    pub(crate) fn set_target(&self, target: Option<WebhookTarget>) {
        *self.target.write().unwrap_or_else(PoisonError::into_inner) = target;
    }
}

/// All projects. There is at least one.
#[derive(Debug)]
pub(crate) struct Projects {
    first: Arc<Project>,
    others: Vec<Arc<Project>>,
}

/// Projects that could not be told apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProjects {
    /// There is none.
    #[error("no project is configured")]
    None,
    /// Two have one id.
    #[error("two projects have the id {0:?}")]
    SameId(String),
    /// Two have one API key, which is scoped to one project.
    #[error("the projects {0:?} and {1:?} have the same API key")]
    SameKey(String, String),
    /// The Basic scheme ends a user name at its first colon.
    #[error("the API key of project {0:?} is empty or has a colon in it")]
    UnusableKey(String),
}

impl Projects {
    pub(crate) fn new(configs: Vec<ProjectConfig>) -> Result<Self, InvalidProjects> {
        for (position, config) in configs.iter().enumerate() {
            check(config, &configs[..position])?;
        }
        let mut projects = configs.into_iter().map(Project::new).map(Arc::new);
        Ok(Self {
            first: projects.next().ok_or(InvalidProjects::None)?,
            others: projects.collect(),
        })
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Project>> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The project with this id; without an id, the first.
    pub(crate) fn by_id(&self, id: Option<&str>) -> Option<&Arc<Project>> {
        match id {
            None => Some(&self.first),
            Some(id) => self.all().find(|project| project.id == id),
        }
    }

    pub(crate) fn by_api_key(&self, key: &str) -> Option<&Arc<Project>> {
        self.all().find(|project| project.has_key(key))
    }
}

fn check(config: &ProjectConfig, earlier: &[ProjectConfig]) -> Result<(), InvalidProjects> {
    let key = config.api_key.expose_secret();
    if key.is_empty() || key.contains(':') {
        return Err(InvalidProjects::UnusableKey(config.id.clone()));
    }
    for other in earlier {
        if other.id == config.id {
            return Err(InvalidProjects::SameId(config.id.clone()));
        }
        if other.api_key.expose_secret() == key {
            let ids = (other.id.clone(), config.id.clone());
            return Err(InvalidProjects::SameKey(ids.0, ids.1));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(id: &str, key: &str) -> ProjectConfig {
        ProjectConfig {
            id: id.to_owned(),
            api_key: key.into(),
            webhook: None,
        }
    }

    #[test]
    fn projects_that_could_not_be_told_apart_are_refused() {
        let refused = |configs| Projects::new(configs).unwrap_err();
        assert_eq!(refused(vec![]), InvalidProjects::None);
        assert_eq!(
            refused(vec![project("a", "k"), project("a", "l")]),
            InvalidProjects::SameId("a".to_owned())
        );
        assert_eq!(
            refused(vec![project("a", "k"), project("b", "k")]),
            InvalidProjects::SameKey("a".to_owned(), "b".to_owned())
        );
        for key in ["", "k:l"] {
            assert_eq!(
                refused(vec![project("a", key)]),
                InvalidProjects::UnusableKey("a".to_owned())
            );
        }
    }

    #[test]
    fn a_key_leads_to_its_project_and_no_id_to_the_first() {
        let projects = Projects::new(vec![project("a", "k"), project("b", "l")]).unwrap();
        assert_eq!(projects.by_api_key("l").unwrap().id, "b");
        assert_eq!(projects.by_id(None).unwrap().id, "a");
        assert!(projects.by_api_key("m").is_none());
        projects
            .by_id(None)
            .unwrap()
            .set_keys(&["k".into(), "m".into()]);
        assert_eq!(projects.by_api_key("k").unwrap().id, "a");
        assert_eq!(projects.by_api_key("m").unwrap().id, "a");
        projects.by_id(None).unwrap().set_keys(&["m".into()]);
        assert!(projects.by_api_key("k").is_none(), "it was revoked");
        assert!(projects.by_id(Some("c")).is_none());
    }
}
