//! Where a configuration came from.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use stackone_link_process::ConfigError;

use super::settings::{LAYERS, Settings, SourceSettings};
use super::validate::source_problems;

/// Why the list of sources cannot be had again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OriginError {
    #[error("cannot read {}: {source}", .file.display())]
    File { file: PathBuf, source: io::Error },
    #[error("{}", .0.problems().join("; "))]
    Settings(#[from] ConfigError),
    #[error("{0}")]
    Sources(String),
}

/// The file and the environment a configuration was read from. Its `Debug` shows no variable: they
/// hold secrets.
#[derive(Clone)]
pub(crate) struct Origin {
    file: Option<PathBuf>,
    environment: HashMap<String, String>,
}

impl fmt::Debug for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Origin");
        shown.field("file", &self.file).finish_non_exhaustive()
    }
}

impl Origin {
    pub(super) fn new(file: Option<&Path>, environment: &HashMap<String, String>) -> Self {
        Self {
            file: file.map(Path::to_owned),
            environment: environment.clone(),
        }
    }

    /// The environment of the configuration.
    pub(crate) fn environment(&self) -> &HashMap<String, String> {
        &self.environment
    }

    /// What the file says now, to tell whether it has changed; nothing where there is no file.
    pub(crate) fn text(&self) -> Result<Option<String>, OriginError> {
        let Some(file) = &self.file else {
            return Ok(None);
        };
        let text = fs::read_to_string(file);
        text.map(Some).map_err(|source| OriginError::File {
            file: file.clone(),
            source,
        })
    }

    /// The list of sources as it stands there now.
    pub(crate) fn sources(&self) -> Result<Vec<SourceSettings>, OriginError> {
        let settings = LAYERS.read(self.file.as_deref(), &self.environment);
        let Settings { sources, .. } = settings?;
        let problems = source_problems(&sources);
        if problems.is_empty() {
            Ok(sources)
        } else {
            Err(OriginError::Sources(problems.join("; ")))
        }
    }
}
