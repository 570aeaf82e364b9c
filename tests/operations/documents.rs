//! The documents: their links lead somewhere, the tests and commands they name exist, and they stay
//! readable.

mod commands;
mod failures;
mod guide;
mod markdown;
mod run;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use harness::repository_files as files;
use markdown::{Document, Line};

use crate::tools::in_repository;

/// The longest line of prose and the longest cell of a table, in characters.
const LONGEST: usize = 100;
/// The most lines of a document that has to stay short.
const SHORT: [(&str, usize); 2] = [("README.md", 120), ("docs/ARCHITECTURE.md", 150)];
/// Names with this many words or more, in code font, are those of tests, unless they are metrics.
const WORDS_OF_A_TEST: usize = 5;
/// Where the decisions are.
const DECISIONS: &str = "docs/decisions";

fn documents() -> BTreeMap<PathBuf, Document> {
    let files = files(".md").into_iter();
    files
        .map(|(path, text)| (path, Document::parse(&text)))
        .collect()
}

/// `path` without `..`.
fn resolved(path: &Path) -> PathBuf {
    let mut resolved = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                assert!(resolved.pop(), "{} leaves the repository", path.display());
            }
            Component::Normal(name) => resolved.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    resolved
}

/// What is wrong with a link of the document at `from`.
fn broken(documents: &BTreeMap<PathBuf, Document>, from: &Path, link: &str) -> Option<String> {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match path {
        "" => from.to_owned(),
        path => resolved(&from.parent().unwrap().join(path)),
    };
    if !in_repository("").join(&target).exists() {
        return Some(format!("{}: {link} is not there", from.display()));
    }
    let has_anchor = |document: &Document| document.anchors.contains(anchor);
    let is_there = anchor.is_empty() || documents.get(&target).is_none_or(has_anchor);
    (!is_there).then(|| format!("{}: {link} has no such heading", from.display()))
}

#[test]
fn every_relative_link_leads_to_a_file_and_to_a_heading() {
    let documents = documents();
    let mut links = 0;
    let mut wrong = Vec::new();
    for (path, document) in &documents {
        for link in &document.links {
            links += 1;
            wrong.extend(broken(&documents, path, link));
        }
        // An address that nobody refers to is as wrong as one that is missing.
        for name in document
            .references
            .symmetric_difference(&document.definitions)
        {
            wrong.push(format!("{}: [{name}]", path.display()));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(links > 200, "{links} links");
}

#[test]
fn what_an_alert_points_to_is_there() {
    let documents = documents();
    let from = Path::new("here");
    let pointed_to = crate::rules::all()
        .into_iter()
        .filter_map(|rule| rule.annotations.get("runbook_url").cloned());
    let wrong: Vec<_> = pointed_to
        .filter_map(|url| broken(&documents, from, &url))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn no_line_of_prose_and_no_cell_of_a_table_is_longer_than_a_line() {
    let mut wrong = Vec::new();
    for (path, document) in &documents() {
        for (number, line) in &document.lines {
            let longest = match line {
                Line::Prose(text) if text.trim().contains(' ') => text.chars().count(),
                Line::Row(cells) => cells.iter().map(|cell| cell.chars().count()).max().unwrap(),
                Line::Prose(_) => 0,
            };
            if longest > LONGEST {
                wrong.push(format!("{}:{number}: {longest}", path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// A path in the repository: below a folder that is there, and no pattern.
fn is_a_path(code: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/_-.".contains(c);
    let folder = code.split_once('/').map(|(folder, _)| folder);
    let is_there = folder.is_some_and(|folder| {
        !matches!(folder, "" | ".." | "target") && in_repository(folder).is_dir()
    });
    is_there && code.chars().all(is_plain)
}

#[test]
fn every_path_that_is_named_exists() {
    let mut named = 0;
    let mut missing = Vec::new();
    for (path, document) in documents() {
        // A change log names what there was.
        if path.ends_with("CHANGELOG.md") {
            continue;
        }
        for code in document.code.iter().filter(|code| is_a_path(code)) {
            named += 1;
            let beside = path.parent().unwrap().join(code);
            if !in_repository(code).exists() && !in_repository("").join(beside).exists() {
                missing.push(format!("{}: {code}", path.display()));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
    assert!(named > 50, "{named} paths are named");
}

#[test]
fn short_documents_stay_short() {
    for (path, most) in SHORT {
        let lines = crate::tools::text_of(path).lines().count();
        assert!(lines <= most, "{path} has {lines} lines, {most} at most");
    }
}

/// A name of so many words that it can only be a test's.
fn is_the_name_of_a_test(code: &str) -> bool {
    let is_snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let words = code.split('_').filter(|word| !word.is_empty()).count();
    let is_a_metric = ["_total", "_seconds"].iter().any(|end| code.ends_with(end));
    let is_ours = code.starts_with("stackone_");
    code.chars().all(is_snake) && words >= WORDS_OF_A_TEST && !is_a_metric && !is_ours
}

#[test]
fn every_test_that_is_named_exists() {
    let sources = files(".rs");
    let functions: BTreeSet<&str> = sources
        .values()
        .flat_map(|source| source.split("fn ").skip(1))
        .filter_map(|rest| rest.split(['(', '<']).next())
        .collect();
    let mut named = 0;
    let mut missing = Vec::new();
    for (path, document) in documents() {
        for code in document
            .code
            .iter()
            .filter(|code| is_the_name_of_a_test(code))
        {
            named += 1;
            if !functions.contains(code.as_str()) {
                missing.push(format!("{}: {code}", path.display()));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
    assert!(named > 150, "{named} tests are named");
}

#[test]
fn the_index_of_decisions_has_each_page_and_each_page_its_parts() {
    let documents = documents();
    let index = &documents[&Path::new(DECISIONS).join("README.md")];
    let in_folder = documents
        .iter()
        .filter(|(path, _)| path.parent() == Some(Path::new(DECISIONS)));
    let pages: Vec<_> = in_folder
        .filter(|(path, _)| !path.ends_with("README.md"))
        .collect();
    let mut numbers = BTreeSet::new();
    for (path, page) in &pages {
        let name = path.file_name().unwrap().to_str().unwrap();
        let (number, _) = name.split_once('-').unwrap();
        assert!(number.len() == 4 && numbers.insert(number), "{name}");
        assert!(index.links.iter().any(|link| link == name), "{name}");
        for part in ["context", "decision", "instead-of", "consequences"] {
            assert!(page.anchors.contains(part), "{name} has no {part}");
        }
    }
    assert!(pages.len() >= 44, "{} pages", pages.len());
}
