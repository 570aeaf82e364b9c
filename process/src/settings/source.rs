//! One source of settings, and the text of its errors.

use config::{File, FileFormat, Value};

/// The origin of a value from the environment, as messages name it.
pub(super) const ORIGIN: &str = "the environment";

/// Reads one layer of settings from TOML.
pub(super) fn layer(text: &str) -> Result<Value, config::ConfigError> {
    let file = File::from_str(text, FileFormat::Toml);
    Ok(config::Config::builder().add_source(file).build()?.cache)
}

/// Writes an error of the `config` crate in one line: its errors of TOML quote several lines of the
/// file.
pub(super) fn one_line(error: &config::ConfigError) -> String {
    let text = error.to_string();
    let is_quote = |line: &&str| {
        let gutter = line.split_once('|').map(|(gutter, _)| gutter.trim());
        gutter.is_some_and(|gutter| gutter.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let lines: Vec<_> = text.lines().filter(|line| !is_quote(line)).collect();
    lines.join(": ")
}
