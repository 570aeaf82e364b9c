//! The change guide: what it says to be in a folder is there.

use crate::tools::in_repository;

const GUIDE: &str = include_str!("../../../docs/change-guide.md");

/// The folders of the guide's tree, each with what is said of it.
fn folders() -> Vec<(String, String)> {
    let (_, tree) = GUIDE.split_once("```text\n").unwrap();
    let (tree, _) = tree.split_once("```").unwrap();
    let mut folders: Vec<(String, String)> = Vec::new();
    for line in tree.lines() {
        match line.split_once(' ').filter(|(path, _)| !path.is_empty()) {
            Some((path, about)) => folders.push((path.to_owned(), about.to_owned())),
            None => {
                let (_, about) = folders.last_mut().unwrap();
                about.push(' ');
                about.push_str(line.trim());
            }
        }
    }
    folders
}

/// The modules that a description lists, which it parts by a raised dot: the first word after each,
/// and before the first one the last word.
fn modules(about: &str) -> Vec<&str> {
    let mut parts = about.split('·').map(str::trim);
    let first = parts.next().unwrap_or_default();
    let first = first.split(" (").next().unwrap_or_default();
    let first = first.rsplit(' ').next().unwrap_or_default();
    let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
    let named = parts.map(|part| part.split(|c| !is_name(c)).next().unwrap_or_default());
    std::iter::once(first).chain(named).collect()
}

#[test]
fn every_folder_and_module_of_the_change_guides_tree_is_there() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for (folder, about) in folders() {
        if !in_repository(&folder).exists() {
            wrong.push(folder.clone());
        }
        for module in modules(&about).into_iter().filter(|_| about.contains('·')) {
            seen += 1;
            let is_there = |file: String| in_repository(&file).exists();
            let source = format!("{folder}src/{module}");
            if !is_there(source.clone()) && !is_there(format!("{source}.rs")) {
                wrong.push(source);
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(seen > 60, "{seen} modules");
}
