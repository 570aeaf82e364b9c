//! `docs/benchmarks.md`: each command writes its own section, and leaves those of the others.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

/// What stands above all sections.
const PREFACE: &str = include_str!("preface.md");
/// What a section begins with.
const HEADING: &str = "## ";

/// Where results go, besides standard output.
#[derive(Debug, Clone, Args)]
pub(crate) struct Output {
    /// The document that gets the table, as a section of its own.
    #[arg(long)]
    markdown: Option<PathBuf>,
    /// The file that gets the figures; standard output where absent.
    #[arg(long)]
    json: Option<PathBuf>,
}

impl Output {
    /// Writes a section and the figures it is made of.
    pub(crate) fn write(
        &self,
        title: &str,
        body: &str,
        figures: &impl Serialize,
    ) -> anyhow::Result<()> {
        let section = format!("{HEADING}{title}\n\n{}\n", body.trim_end());
        io::stdout().write_all(section.as_bytes())?;
        if let Some(path) = &self.markdown {
            fs::write(path, with_section(&existing(path)?, title, &section))?;
        }
        let figures = serde_json::to_string(figures)?;
        match &self.json {
            Some(path) => fs::write(path, figures + "\n")?,
            None => writeln!(io::stdout(), "{figures}")?,
        }
        Ok(())
    }
}

fn existing(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read,
    }
}

/// The document with this section in the place of the one of that title, or at its end.
fn with_section(document: &str, title: &str, section: &str) -> String {
    let mut sections: Vec<String> = Vec::new();
    for line in document.lines() {
        if line.starts_with(HEADING) {
            sections.push(String::new());
        }
        if let Some(last) = sections.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    let heading = format!("{HEADING}{title}\n");
    match sections.iter_mut().find(|old| old.starts_with(&heading)) {
        Some(old) => section.clone_into(old),
        None => sections.push(section.to_owned()),
    }
    let trimmed = sections.iter().map(|section| section.trim_end());
    let parts: Vec<_> = std::iter::once(PREFACE.trim_end()).chain(trimmed).collect();
    parts.join("\n\n") + "\n"
}
