//! Reads API keys from the places that the configuration names.

use std::collections::HashMap;

use stackone_link_process::secret::{Place, Secret, SecretError};

use super::ProjectSettings;

/// Returns the API key of a project, without one trailing newline; or one line that says what is
/// wrong and what to do.
pub(crate) fn api_key(
    project: &ProjectSettings,
    environment: &HashMap<String, String>,
) -> Result<Secret, String> {
    let problem = |text: String| format!("projects.{}: {text}", project.name());
    let (file, variable) = (
        project.api_key_file.as_deref(),
        project.api_key_env.as_deref(),
    );
    let place = Place::either(file, variable)
        .ok_or_else(|| problem("give either api_key_file or api_key_env".to_owned()))?;
    place.read(environment).map_err(|error| match error {
        SecretError::Unset(_) => problem(format!(
            "{error}; set it to the project's API key, or give [[projects]] with api_key_file in the file of --config"
        )),
        SecretError::Unreadable { .. } => problem(format!("api_key_file: {error}")),
        SecretError::Empty(_) => problem(error.to_string()),
    })
}
