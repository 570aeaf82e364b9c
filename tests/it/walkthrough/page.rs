//! The page, and what of a run it shows: what differs from run to run is told by its kind.

use std::fmt::Write as _;
use std::path::PathBuf;

use harness::{Pipeline, ReadRecord};
use regex_lite::{Captures, Regex};
use serde_json::{Map, Value};
use stackone_link_wire::{Topic, Topics};
use stackone_simulator::AccountId;

const PAGE: &str = "docs/walkthroughs/one-account.md";
/// Set where the page is to be written anew instead.
const WRITE: &str = "WRITE_WALKTHROUGH";
/// Begins the line before each block that a run fills.
const MARK: &str = "<!-- of a run: ";
/// In place of what no two runs have in common and nothing refers to.
const ANYTHING: &str = "…";

/// What no two runs have in common and nothing refers to: times, durations, addresses, how often
/// something was tried, how far a topic was read, and why the broker refuses, which depends on
/// whether the group knows the member still.
const DIFFERS: [(&str, &str); 6] = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "…"),
    (r"\b\d+(\.\d+)?(ms|µs|ns|s)\b", "…"),
    (r"127\.0\.0\.1:\d+", "…"),
    (r"\(Broker: [^)]*\)", "(Broker: …)"),
    (r#"("timestamp_ms"|"lookups"): \d+"#, "$1: …"),
    (r"\b(high|stable)=\d+", "$1=…"),
];

/// The blocks of the page, in the order in which it shows them.
pub(super) struct Page {
    blocks: Vec<(&'static str, String)>,
    replaced: Vec<(String, String)>,
    ids: Vec<String>,
}

impl Page {
    pub(super) fn of(pipeline: &Pipeline) -> Self {
        let promised = Topics::default();
        let topic = |topic: Topic| {
            let ours = pipeline.topics.name(topic).to_owned();
            (ours, promised.name(topic).to_owned())
        };
        Self {
            blocks: Vec::new(),
            replaced: Topic::ALL.into_iter().map(topic).collect(),
            ids: Vec::new(),
        }
    }

    /// What the account is called.
    pub(super) fn names(&mut self, id: &AccountId) {
        self.replaced.push((id.to_string(), "ACCOUNT".to_owned()));
    }

    /// A record: its headers, an empty line, its value.
    pub(super) fn record(&mut self, name: &'static str, record: &ReadRecord) {
        let mut text = String::new();
        for (header, value) in record.headers.to_pairs() {
            let value = if header == "traceparent" {
                ANYTHING
            } else {
                &value
            };
            writeln!(text, "{header}: {value}").unwrap();
        }
        let value = std::str::from_utf8(&record.value).unwrap();
        write!(text, "\n{}", indented(value)).unwrap();
        let text = self.told(&text);
        self.blocks.push((name, text));
    }

    /// Of a log the first line with each of these messages, a field a line.
    pub(super) fn log(&mut self, name: &'static str, lines: &[String], messages: &[&str]) {
        let line = |message: &&str| {
            let mut parsed = lines.iter().map(|line| -> Map<String, Value> {
                serde_json::from_str(line).unwrap_or_default()
            });
            let found = parsed.find(|line| {
                let told = line.get("message").and_then(Value::as_str);
                told.is_some_and(|told| told.starts_with(message))
            });
            assert!(found.is_some(), "no {message:?} in {lines:#?}");
            told_of(&found.unwrap())
        };
        let text: Vec<String> = messages.iter().map(line).collect();
        let text = self.told(&text.join("\n"));
        self.blocks.push((name, text));
    }

    /// What no two runs have in common told by its kind: ids by number, as others refer to them.
    fn told(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (run, page) in &self.replaced {
            text = text.replace(run, page);
        }
        let of = |pattern| Regex::new(pattern).unwrap();
        let id = of(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
        let numbered = id.replace_all(&text, |id: &Captures<'_>| self.number(&id[0]));
        let mut text = numbered.into_owned();
        for (pattern, shown) in DIFFERS {
            text = of(pattern).replace_all(&text, shown).into_owned();
        }
        text
    }

    fn number(&mut self, id: &str) -> String {
        let known = self.ids.iter().position(|known| known == id);
        let number = known.unwrap_or_else(|| {
            self.ids.push(id.to_owned());
            self.ids.len() - 1
        });
        format!("id-{}", number + 1)
    }

    /// Fails where the page shows anything else; writes it where that is wanted.
    pub(super) fn holds(self) {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(PAGE);
        let written = std::fs::read_to_string(&path).unwrap();
        let shown = self.filled(&written);
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(&path, shown).unwrap();
            return;
        }
        for (written, shown) in written.lines().zip(shown.lines()) {
            assert_eq!(written, shown, "`just walkthrough` writes {PAGE} anew");
        }
        assert_eq!(written.len(), shown.len(), "{PAGE} ends elsewhere");
    }

    /// The page with each of its blocks as the run has it.
    fn filled(&self, page: &str) -> String {
        let mut blocks = self.blocks.iter();
        let mut parts = page.split(MARK);
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, block) = blocks.next().unwrap();
            let opened = part.split_once("-->\n```text");
            let closed = opened.and_then(|(_, block)| block.split_once("\n```\n"));
            let (_old, rest) = closed.unwrap();
            assert!(part.starts_with(name), "{name} comes next: {part}");
            write!(filled, "{MARK}{name} -->\n```text\n{block}\n```\n{rest}").unwrap();
        }
        assert_eq!(blocks.next(), None, "the page shows each block of a run");
        filled
    }
}

/// A log line as people read it: level and message, then its fields.
fn told_of(line: &Map<String, Value>) -> String {
    let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut told = format!("{} {}", text("level"), text("message"));
    for (name, value) in line {
        match name.as_str() {
            "timestamp" | "level" | "message" | "target" => {}
            _ => write!(told, " {name}={value}").unwrap(),
        }
    }
    told
}

/// JSON with a member a line, its bytes otherwise as they are.
fn indented(json: &str) -> String {
    let (mut text, mut depth, mut in_string, mut escaped) = (String::new(), 0, false, false);
    let line = |depth: usize| format!("\n{}", "  ".repeat(depth));
    let mut characters = json.chars().peekable();
    while let Some(character) = characters.next() {
        if in_string {
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
            text.push(character);
            continue;
        }
        match character {
            '{' | '[' if characters.peek().is_some_and(|next| "}]".contains(*next)) => {
                text.push(character);
                text.extend(characters.next());
            }
            '{' | '[' => {
                depth += 1;
                text.push(character);
                text.push_str(&line(depth));
            }
            '}' | ']' => {
                depth -= 1;
                text.push_str(&line(depth));
                text.push(character);
            }
            ',' => {
                text.push(character);
                text.push_str(&line(depth));
            }
            ':' => text.push_str(": "),
            _ => {
                in_string = character == '"';
                text.push(character);
            }
        }
    }
    text
}
