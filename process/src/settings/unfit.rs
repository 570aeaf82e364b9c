//! Finds every value that does not fit its setting, not only the first.

mod path;

use std::collections::BTreeMap;

use config::{ConfigError as Unfit, Value, ValueKind};
use serde::de::DeserializeOwned;

use super::source::{ORIGIN, one_line};
use path::Step;

pub(super) use path::Path;

/// Words in the names of settings where somebody may write a secret in place of where it is.
const SECRETS: [&str; 4] = ["key", "password", "secret", "token"];

/// Reads `settings`. Deserializing stops at the first value that does not fit; the value is noted
/// and replaced by that of `defaults`, until the rest fits. `meant` returns the right spelling of a
/// variable.
pub(super) fn read_all<S: DeserializeOwned>(
    mut settings: Value,
    defaults: &Value,
    meant: impl Fn(&Path) -> Option<String>,
) -> Result<S, Vec<String>> {
    let mut problems = BTreeMap::new();
    loop {
        let (message, path) = match settings.clone().try_deserialize() {
            Ok(read) if problems.is_empty() => return Ok(read),
            Ok(_mended) => break,
            Err(unfit) => told(&unfit, &settings),
        };
        // A value that was taken out may be missed later; that is no new problem.
        problems
            .entry(path.clone())
            .or_insert_with(|| problem(&message, &path, &settings, &meant));
        if !mend(&mut settings, defaults, path.steps()) {
            break;
        }
    }
    Err(problems.into_values().collect())
}

/// Returns the message about a value, and the path of the value.
fn told(unfit: &Unfit, settings: &Value) -> (String, Path) {
    let (message, key) = if let Unfit::At { error, key, .. } = unfit {
        (one_line(error), key.as_deref())
    } else if let Unfit::Type {
        unexpected,
        expected,
        key,
        ..
    } = unfit
    {
        let message = format!("invalid type: {unexpected}, expected {expected}");
        (message, key.as_deref())
    } else if let Unfit::NotFound(key) = unfit {
        ("is missing".to_owned(), Some(key.as_str()))
    } else {
        (one_line(unfit), None)
    };
    let path = Path::read(key.unwrap_or_default(), settings);
    // serde reports an unknown key as a fault of the table that contains it.
    let unknown = message.strip_prefix("unknown field `");
    match unknown.and_then(|rest| rest.split_once('`')) {
        Some((unknown, _)) => {
            let path = path.to(unknown);
            (message, path)
        }
        None => (without_secret(message, &path), path),
    }
}

/// Leaves out the text that does not fit where it may be a secret: messages go to logs.
fn without_secret(message: String, path: &Path) -> String {
    let may_hold_one = |key: &str| SECRETS.iter().any(|word| key.contains(word));
    let text = message.split_once("string \"");
    match (text, message.rfind("\", expected ")) {
        (Some((before, _)), Some(end)) if path.keys().any(may_hold_one) => {
            format!("{before}a text{}", &message[end + 1..])
        }
        (Some(_) | None, Some(_) | None) => message,
    }
}

fn problem(
    message: &str,
    path: &Path,
    settings: &Value,
    meant: impl Fn(&Path) -> Option<String>,
) -> String {
    let origin = path.of(settings).and_then(Value::origin);
    let variable = origin.filter(|origin| *origin == ORIGIN);
    let meant = variable.and_then(|_here| meant(path));
    let meant = meant.map(|name| format!("; write {name}"));
    let origin = origin.map(|origin| format!(", in {origin}"));
    let at = match path.steps() {
        [] => String::new(),
        [..] => format!("{path}: "),
    };
    let (origin, meant) = (origin.unwrap_or_default(), meant.unwrap_or_default());
    format!("{at}{message}{origin}{meant}")
}

/// Replaces the value at `path` by its default, or removes it where it has none; where neither
/// changes anything, does so with its parent. Returns whether anything changed: each change brings
/// the settings nearer to the defaults, so that [`read_all`] ends.
fn mend(settings: &mut Value, defaults: &Value, path: &[Step]) -> bool {
    let Some((last, above)) = path.split_last() else {
        return false;
    };
    let default = path::get(defaults, path);
    let changed = match (path::get_mut(settings, above), last) {
        (Some(ValueKind::Table(table)), Step::Key(key)) => match default {
            Some(default) if table.get(key) != Some(default) => {
                table.insert(key.clone(), default.clone()).is_some()
            }
            Some(_) | None => table.remove(key).is_some(),
        },
        // The entries of a list keep their numbers: an entry that was read, or the default's first,
        // takes the place of this one.
        (Some(ValueKind::Array(list)), Step::Index(index)) => {
            let read = index.checked_sub(1).and_then(|before| list.get(before));
            let stand_in = read.cloned().or_else(|| default.cloned());
            match (list.get_mut(*index), stand_in) {
                (Some(entry), Some(stand_in)) if *entry != stand_in => {
                    *entry = stand_in;
                    true
                }
                (Some(_) | None, Some(_) | None) => false,
            }
        }
        (Some(_) | None, Step::Key(_) | Step::Index(_)) => false,
    };
    changed || mend(settings, defaults, above)
}
