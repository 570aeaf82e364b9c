//! The commands in the documents, and who runs them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Folders that hold nothing written by hand.
const PASSED_OVER: [&str; 4] = ["target", "node_modules", ".git", ".venv"];
/// What a block of commands for a shell is called.
const LANGUAGES: [&str; 4] = ["sh", "bash", "shell", "console"];
/// How the comment above a block begins.
const MARK: &str = "<!-- commands: ";
/// The fewest words of a reason.
const REASON: usize = 3;

/// Who runs a block of commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunBy {
    /// A test, on a pipeline with any broker: `run on a pipeline`.
    Pipeline,
    /// The same test, where the broker is Kafka: `run on Kafka`.
    Kafka,
    /// A test that types the document's blocks into one shell, in order, on Kafka: `run in order`.
    Shell,
    /// Recipes of the justfile that CI runs: `run by just RECIPE, RECIPE`.
    Recipes(Vec<String>),
    /// Nobody, for a reason: `not run: REASON`.
    Nobody(String),
}

impl RunBy {
    fn parse(mark: &str) -> Option<Self> {
        match mark {
            "run on a pipeline" => return Some(Self::Pipeline),
            "run on Kafka" => return Some(Self::Kafka),
            "run in order" => return Some(Self::Shell),
            _ => {}
        }
        if let Some(recipes) = mark.strip_prefix("run by just ") {
            let recipes = recipes.split(',').map(|recipe| recipe.trim().to_owned());
            return Some(Self::Recipes(recipes.collect()));
        }
        let reason = mark.strip_prefix("not run: ")?;
        (reason.split(' ').count() >= REASON).then(|| Self::Nobody(reason.to_owned()))
    }
}

/// A block of commands in a document.
#[derive(Debug, Clone)]
pub struct ShellBlock {
    /// The document, by its path in the repository.
    pub document: PathBuf,
    /// The line of its fence, from 1.
    pub line: usize,
    /// Who runs it; none where the document does not say, or not in one of the forms above.
    pub run_by: Option<RunBy>,
    /// The commands.
    pub text: String,
}

impl ShellBlock {
    /// Where it is, as a compiler says it.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", self.document.display(), self.line)
    }

    fn all_of(document: &Path, text: &str) -> Vec<Self> {
        let lines: Vec<&str> = text.lines().collect();
        let (mut blocks, mut at) = (Vec::new(), 0);
        while let Some(line) = lines.get(at) {
            at += 1;
            let Some(language) = line.trim_start().strip_prefix("```") else {
                continue;
            };
            let begin = at;
            at += lines[begin..]
                .iter()
                .take_while(|line| !line.trim_start().starts_with("```"))
                .count();
            if LANGUAGES.contains(&language.trim()) {
                let indentation = &line[..line.len() - line.trim_start().len()];
                let commands = lines[begin..at]
                    .iter()
                    .map(|line| line.strip_prefix(indentation).unwrap_or(line));
                blocks.push(Self {
                    document: document.to_owned(),
                    line: begin,
                    run_by: mark_above(&lines[..begin - 1]),
                    text: commands.collect::<Vec<_>>().join("\n"),
                });
            }
            at += 1;
        }
        blocks
    }
}

/// What the comment says that ends these lines.
fn mark_above(lines: &[&str]) -> Option<RunBy> {
    let above = lines.join(" ");
    let comment = above.trim_end().strip_suffix("-->")?;
    let (_, mark) = comment.rsplit_once(MARK)?;
    let words: Vec<&str> = mark.split_whitespace().collect();
    RunBy::parse(&words.join(" ")).filter(|_| !mark.contains("-->"))
}

/// Every block of commands in the documents of the repository.
#[must_use]
pub fn shell_blocks() -> Vec<ShellBlock> {
    let documents = repository_files(".md");
    let blocks = documents
        .iter()
        .flat_map(|(path, text)| ShellBlock::all_of(path, text));
    blocks.collect()
}

/// Every file of the repository whose name ends so, by its path there.
///
/// # Panics
///
/// Where one cannot be read.
#[must_use]
pub fn repository_files(ending: &str) -> BTreeMap<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of the repository can be read") {
            let path = entry.expect("its entries can be read").path();
            let name = path.file_name().and_then(|name| name.to_str());
            if path.is_dir() {
                if !name.is_some_and(|name| PASSED_OVER.contains(&name)) {
                    folders.push(path);
                }
            } else if name.is_some_and(|name| name.ends_with(ending)) {
                let text = std::fs::read_to_string(&path).expect("a file is text");
                let inside = path.strip_prefix(&root).unwrap_or(&path);
                found.insert(inside.to_owned(), text);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_by(comment: &str) -> Option<RunBy> {
        let text = format!("Words.\n\n{comment}\n```sh\ntrue\n```\n");
        let mut blocks = ShellBlock::all_of(Path::new("a.md"), &text);
        assert_eq!(blocks.len(), 1);
        blocks.remove(0).run_by
    }

    #[test]
    fn the_comment_above_a_block_says_who_runs_it() {
        for (comment, expected) in [
            (
                "<!-- commands: run on a pipeline -->",
                Some(RunBy::Pipeline),
            ),
            ("<!-- commands: run on Kafka -->", Some(RunBy::Kafka)),
            ("<!-- commands: run in order -->", Some(RunBy::Shell)),
            (
                "<!-- commands: run by just test, demo-story -->",
                Some(RunBy::Recipes(vec!["test".into(), "demo-story".into()])),
            ),
            (
                "<!-- commands: not run: there is no\n     cluster -->",
                Some(RunBy::Nobody("there is no cluster".into())),
            ),
            ("<!-- commands: not run: sorry -->", None),
            ("<!-- commands: run -->", None),
            (
                "<!-- commands: run on Kafka -->\nWords. <!-- other -->",
                None,
            ),
            ("", None),
        ] {
            assert_eq!(run_by(comment), expected, "{comment}");
        }
    }

    #[test]
    fn a_block_in_a_list_is_typed_without_its_indentation_and_no_other_language_is() {
        let text = "1. Item\n\n   ```sh\n   a \\\n     b\n   ```\n\n```toml\nx = 1\n```\n";
        let blocks = ShellBlock::all_of(Path::new("a.md"), text);
        let texts: Vec<&str> = blocks.iter().map(|block| block.text.as_str()).collect();
        assert_eq!(texts, ["a \\\n  b"]);
        assert_eq!(blocks[0].place(), "a.md:3");
    }
}
