//! Reading API keys from where the configuration says they are.

use std::collections::HashMap;

use secrecy::SecretString;

use super::ProjectSettings;

/// The API key of a project, without one trailing newline; or one line that says what is wrong and what to do.
pub(crate) fn api_key(
    project: &ProjectSettings,
    environment: &HashMap<String, String>,
) -> Result<SecretString, String> {
    let name = project.id.as_deref().unwrap_or("default");
    let problem = |text: String| format!("projects.{name}: {text}");
    let place = match (&project.api_key_file, &project.api_key_env) {
        (Some(file), _) => format!("api_key_file {}", file.display()),
        (None, variable) => format!(
            "environment variable {}",
            variable.as_deref().unwrap_or_default()
        ),
    };
    let text = match (&project.api_key_file, &project.api_key_env) {
        (Some(file), None) => std::fs::read_to_string(file)
            .map_err(|error| problem(format!("cannot read api_key_file {}: {error}", file.display())))?,
        (None, Some(variable)) => environment.get(variable).cloned().ok_or_else(|| {
            problem(format!(
                "environment variable {variable} is not set; set it to the project's API key, or give [[projects]] \
                 with api_key_file in the file of --config"
            ))
        })?,
        (None, None) | (Some(_), Some(_)) => {
            return Err(problem("give either api_key_file or api_key_env".to_owned()));
        }
    };
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let key = line.strip_suffix('\r').unwrap_or(line);
    if key.is_empty() {
        Err(problem(format!("{place} is empty")))
    } else {
        Ok(SecretString::from(key))
    }
}
