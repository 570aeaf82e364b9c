//! What the checks need to know of a document in Markdown: no more than our own documents use.

use std::collections::BTreeSet;

/// A line outside of blocks of code.
pub(super) enum Line {
    /// A row of a table, by its cells.
    Row(Vec<String>),
    /// Any other, without what makes it an item of a list.
    Prose(String),
}

/// A document.
#[derive(Default)]
pub(super) struct Document {
    /// Lines outside of blocks of code, and their numbers from 1.
    pub(super) lines: Vec<(usize, Line)>,
    /// What its headings are called in links.
    pub(super) anchors: BTreeSet<String>,
    /// Where its relative links lead.
    pub(super) links: Vec<String>,
    /// What its links call addresses that are given once, and those that are given.
    pub(super) references: BTreeSet<String>,
    pub(super) definitions: BTreeSet<String>,
    /// What is in code font within a line.
    pub(super) code: Vec<String>,
    /// Lines of blocks of code, those that a backslash continues as one.
    pub(super) blocks: Vec<String>,
}

impl Document {
    pub(super) fn parse(text: &str) -> Self {
        let mut document = Self::default();
        let mut prose = String::new();
        let mut is_in_code = false;
        let mut begun = String::new();
        for (index, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                is_in_code = !is_in_code;
            } else if is_in_code {
                begun.push_str(line.trim_end_matches('\\'));
                if !line.ends_with('\\') {
                    document.blocks.push(std::mem::take(&mut begun));
                }
            } else {
                document.take_line(index + 1, line);
                prose.push_str(line);
                prose.push('\n');
            }
        }
        document.take_spans(&prose);
        document
    }

    fn take_line(&mut self, number: usize, line: &str) {
        if let Some(heading) = line.strip_prefix('#') {
            let anchor = anchor_of(heading.trim_start_matches('#'));
            // The second heading of a name is called name-1.
            let is_new = |name: &String| !self.anchors.contains(name);
            let names = std::iter::once(anchor.clone())
                .chain((1..).map(|count| format!("{anchor}-{count}")));
            let name = names.into_iter().find(is_new).unwrap_or_default();
            self.anchors.insert(name);
        }
        let line = match line.strip_prefix('|') {
            Some(row) => {
                let cells = row.trim_end().trim_end_matches('|').split('|');
                Line::Row(cells.map(|cell| cell.trim().to_owned()).collect())
            }
            // The address of a link: it cannot be broken.
            None if line.starts_with('[') && line.contains("]: ") => {
                let name = line[1..].split(']').next().unwrap_or_default();
                self.definitions.insert(name.to_owned());
                return;
            }
            None => Line::Prose(without_marker(line)),
        };
        self.lines.push((number, line));
    }

    /// Every other part between backticks is code; links are looked for in what is not.
    fn take_spans(&mut self, prose: &str) {
        for paragraph in prose.split("\n\n") {
            let mut rest = String::new();
            for (index, part) in paragraph.split('`').enumerate() {
                if index % 2 == 1 {
                    self.code.push(part.to_owned());
                    rest.push('`');
                } else {
                    rest.push_str(part);
                }
            }
            let names = rest.split("][").skip(1);
            let names = names.filter_map(|after| after.split(']').next());
            self.references.extend(names.map(str::to_owned));
            let targets = rest.split("](").skip(1);
            let targets = targets.filter_map(|after| after.split([')', ' ']).next());
            let is_relative =
                |target: &&str| !target.contains("://") && !target.starts_with("mailto:");
            self.links
                .extend(targets.filter(is_relative).map(str::to_owned));
        }
    }
}

/// As GitHub names a heading: lower case, hyphens for spaces, without punctuation.
fn anchor_of(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let text: String = heading.trim().chars().filter(kept).collect();
    text.to_lowercase().replace(' ', "-")
}

/// A line without its indentation and bullet: what is left has to fit, or cannot be broken.
fn without_marker(line: &str) -> String {
    let trimmed = line.trim_start();
    match trimmed.split_once(' ') {
        Some(("-" | "*" | ">", rest)) if !rest.contains(' ') => rest.to_owned(),
        _ => line.to_owned(),
    }
}
