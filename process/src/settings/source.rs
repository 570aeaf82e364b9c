//! One source of settings by itself, and how its errors are told.

use config::{File, FileFormat, Value};

/// What settings of the environment say of where they come from.
pub(super) const ORIGIN: &str = "the environment";

/// One layer in TOML, by itself.
pub(super) fn layer(text: &str) -> Result<Value, config::ConfigError> {
    let file = File::from_str(text, FileFormat::Toml);
    Ok(config::Config::builder().add_source(file).build()?.cache)
}

/// An error of the `config` crate in one line: those of TOML quote the file over several.
pub(super) fn one_line(error: &config::ConfigError) -> String {
    let text = error.to_string();
    let is_quote = |line: &&str| {
        let gutter = line.split_once('|').map(|(gutter, _)| gutter.trim());
        gutter.is_some_and(|gutter| gutter.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let lines: Vec<_> = text.lines().filter(|line| !is_quote(line)).collect();
    lines.join(": ")
}
