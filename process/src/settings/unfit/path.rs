//! The path of a setting: `projects[0].requests_per_minute`.

use std::fmt;

use config::{Value, ValueKind};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::settings) struct Path(Vec<Step>);

impl Path {
    /// Reads a path as the `config` crate writes it: without a dot after an index. Keys may contain
    /// dots themselves, so only the settings tell where a key ends.
    pub(super) fn read(mut text: &str, settings: &Value) -> Self {
        let mut steps = Vec::new();
        let mut at = Some(&settings.kind);
        while !text.is_empty() {
            let (step, rest) = first_step(text, at);
            at = at.and_then(|kind| step.of(kind));
            steps.push(step);
            text = rest.strip_prefix('.').unwrap_or(rest);
        }
        Self(steps)
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.0
    }

    pub(super) fn to(mut self, key: &str) -> Self {
        self.0.push(Step::Key(key.to_owned()));
        self
    }

    pub(super) fn of<'a>(&self, settings: &'a Value) -> Option<&'a Value> {
        get(settings, &self.0)
    }

    /// Returns the keys of the path, without indices.
    pub(in crate::settings) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if number == 0 => formatter.write_str(key)?,
                Step::Key(key) => write!(formatter, ".{key}")?,
                Step::Index(index) => write!(formatter, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl Step {
    fn of<'a>(&self, kind: &'a ValueKind) -> Option<&'a ValueKind> {
        self.value(kind).map(|value| &value.kind)
    }

    fn value<'a>(&self, kind: &'a ValueKind) -> Option<&'a Value> {
        match (self, kind) {
            (Self::Key(key), ValueKind::Table(table)) => table.get(key),
            (Self::Index(index), ValueKind::Array(list)) => list.get(*index),
            (Self::Key(_) | Self::Index(_), _) => None,
        }
    }
}

fn first_step<'a>(text: &'a str, at: Option<&ValueKind>) -> (Step, &'a str) {
    let index = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    if let Some((index, rest)) = index
        && let Ok(index) = index.parse()
    {
        return (Step::Index(index), rest);
    }
    let known = match at {
        Some(ValueKind::Table(table)) => table.keys().filter(|key| begins(text, key)),
        Some(_) | None => return until_mark(text),
    };
    match known.map(String::len).max() {
        Some(length) => (Step::Key(text[..length].to_owned()), &text[length..]),
        None => until_mark(text),
    }
}

fn begins(text: &str, key: &str) -> bool {
    let rest = text.strip_prefix(key);
    let ends = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[']);
    !key.is_empty() && rest.is_some_and(ends)
}

fn until_mark(text: &str) -> (Step, &str) {
    // A mark at the very beginning counts as part of the key, so that every round shortens the
    // text.
    let end = text.find(['.', '[']).unwrap_or(text.len()).max(1);
    (Step::Key(text[..end].to_owned()), &text[end..])
}

pub(super) fn get<'a>(settings: &'a Value, path: &[Step]) -> Option<&'a Value> {
    let mut steps = path.iter();
    steps.try_fold(settings, |at, step| step.value(&at.kind))
}

pub(super) fn get_mut<'a>(settings: &'a mut Value, path: &[Step]) -> Option<&'a mut ValueKind> {
    let mut steps = path.iter();
    let found = steps.try_fold(settings, |at, step| match (step, &mut at.kind) {
        (Step::Key(key), ValueKind::Table(table)) => table.get_mut(key),
        (Step::Index(index), ValueKind::Array(list)) => list.get_mut(*index),
        (Step::Key(_) | Step::Index(_), _) => None,
    });
    found.map(|value| &mut value.kind)
}
