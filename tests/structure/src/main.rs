//! Holds the production code to its limits, and counts it.
//!
//! `check` finds where a file has over 300 lines, a struct over 12 fields, two types of the
//! processor's crates have one name, or modules form a circle, parents and children included.
//! `accepted.txt` has what is left to mend; nothing may be added to it. Clippy holds the length of
//! functions. Production lines are those outside test files and outside what is compiled under
//! `#[cfg(test)]`.

mod graph;
mod limits;
mod source;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use source::{Module, Root};

/// How many findings there may be, by crate and limit: what is left to mend.
const ACCEPTED: &str = "tests/structure/accepted.txt";

/// Folders that hold no production code.
const NOT_PRODUCTION: [&str; 9] = [
    "bench",
    "demo",
    "examples",
    "fixtures",
    "fuzz",
    "node_modules",
    "target",
    "tests",
    "web",
];

/// Checks the structure of the production code, or counts its lines.
#[derive(Parser)]
struct Arguments {
    /// The folder of the workspace.
    #[arg(long, default_value = ".")]
    root: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Exit 1, with a line for each finding, where there are more or fewer than accepted.
    Check,
    /// Production lines and files of each crate.
    Sizes,
    /// The folders of a crate, and which use which, as a Mermaid chart.
    Map {
        /// The crate's folder, such as processor/core.
        folder: String,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let crates = read_crates(&arguments.root)?;
    let mut out = std::io::stdout().lock();
    match arguments.command {
        Command::Check => {
            let mut findings = limits::findings(&crates);
            for (folder, root) in &crates {
                findings.extend(graph::circles(folder, root));
            }
            let path = arguments.root.join(ACCEPTED);
            let accepted = std::fs::read_to_string(&path).context(ACCEPTED)?;
            let (lines, is_equal) = limits::compare(&findings, &accepted)?;
            for line in lines {
                writeln!(out, "{line}")?;
            }
            let place = if is_equal { "as" } else { "not as" };
            writeln!(
                out,
                "{} findings, {place} {ACCEPTED} has them",
                findings.len()
            )?;
            Ok(ExitCode::from(u8::from(!is_equal)))
        }
        Command::Sizes => {
            write_sizes(&mut out, &crates)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Map { folder } => {
            let (_, root) = crates
                .iter()
                .find(|(name, _)| *name == folder)
                .with_context(|| format!("no crate lies in {folder}"))?;
            write!(out, "{}", graph::map(root))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn write_sizes(out: &mut impl Write, crates: &[(String, Root)]) -> std::io::Result<()> {
    let mut sizes: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (folder, root) in crates {
        let size = sizes.entry(folder).or_default();
        size.0 += root.modules.iter().map(Module::lines).sum::<usize>();
        size.1 += root.modules.len();
    }
    writeln!(out, "{:>7} {:>6}  crate", "lines", "files")?;
    for (folder, (lines, files)) in &sizes {
        writeln!(out, "{lines:>7} {files:>6}  {folder}")?;
    }
    let processor = sizes
        .iter()
        .filter(|(folder, _)| folder.starts_with("processor"));
    let lines: usize = processor.map(|(_, (lines, _))| lines).sum();
    writeln!(out, "{lines:>7}         the processor's crates")?;
    let lines: usize = sizes.values().map(|(lines, _)| lines).sum();
    writeln!(out, "{lines:>7}         in all")
}

/// The folder and the roots (`lib.rs`, `main.rs`) of each crate below `root`.
fn read_crates(root: &Path) -> anyhow::Result<Vec<(String, Root)>> {
    let mut crates = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in folder
            .read_dir()
            .with_context(|| format!("cannot list {}", folder.display()))?
        {
            let path = entry?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if path.is_dir() && !name.starts_with('.') && !NOT_PRODUCTION.contains(&name) {
                folders.push(path);
            }
        }
        let name = folder.strip_prefix(root)?.to_string_lossy().into_owned();
        for file in ["src/lib.rs", "src/main.rs"].map(|file| folder.join(file)) {
            if folder.join("Cargo.toml").is_file() && file.is_file() {
                crates.push((name.clone(), source::read(root, &file)?));
            }
        }
    }
    crates.sort_by(|(left, _), (right, _)| left.cmp(right));
    anyhow::ensure!(!crates.is_empty(), "no crate lies below {}", root.display());
    Ok(crates)
}
