//! What the bearer of a token may do.

use serde_json::Value;

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Make link sessions and cancel them.
    Link,
    /// See sessions and accounts.
    Read,
    /// Delete accounts.
    Disconnect,
}

/// What a token may do, as a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes {
    link: bool,
    read: bool,
    disconnect: bool,
}

impl Scopes {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: Self = Self {
        link: true,
        read: true,
        disconnect: true,
    };

    /// Those of a claim: a text of words, or a list. Without one, linking and reading.
    pub(super) fn of(claim: Option<&Value>) -> Self {
        let words: Vec<&str> = match claim {
            None => vec!["link", "read"],
            Some(Value::String(text)) => text.split_ascii_whitespace().collect(),
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => Vec::new(),
        };
        Self {
            link: words.contains(&"link"),
            read: words.contains(&"read"),
            disconnect: words.contains(&"disconnect"),
        }
    }

    pub(crate) const fn allow(self, scope: Scope) -> bool {
        match scope {
            Scope::Link => self.link,
            Scope::Read => self.read,
            Scope::Disconnect => self.disconnect,
        }
    }
}
