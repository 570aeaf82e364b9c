//! Where a configuration came from.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;

use super::secret::{Secret, Secrets};
use super::settings::Settings;

/// The file and the environment a configuration was read from. Its `Debug` shows no variable: they
/// hold secrets.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(super) file: Option<PathBuf>,
    pub(super) environment: HashMap<String, String>,
}

impl fmt::Debug for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Origin");
        shown.field("file", &self.file).finish_non_exhaustive()
    }
}

/// Where the processor has its key by default.
const PROCESSORS: &str = "STACKONE_API_KEY";

impl Origin {
    pub(super) fn new(file: Option<&Path>, environment: &HashMap<String, String>) -> Self {
        Self {
            file: file.map(Path::to_owned),
            environment: environment.clone(),
        }
    }

    /// What is said of each project whose key is the processor's, as far as can be told from here:
    /// one that leaks from a service that faces browsers can read every account.
    pub(super) fn shared_keys(&self, settings: &Settings, secrets: &Secrets) -> Vec<String> {
        let processors = self.environment.get(PROCESSORS);
        let named = settings.projects.iter().zip(&secrets.api_keys);
        let shared = named.filter(|(project, key)| {
            let is_same = processors.is_some_and(|other| other == key.value.expose_secret());
            project.api_key_env.as_deref() == Some(PROCESSORS) || is_same
        });
        let warning = |(_, key): (_, &Secret)| {
            let name = &key.name;
            format!(
                "projects {name}: its API key is the processor's ({PROCESSORS}); give connect one of its own"
            )
        };
        shared.map(warning).collect()
    }
}
