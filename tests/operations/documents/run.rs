//! Each block of commands in the documents is run by a test or by a recipe of CI, or says why not.
//! The tests that run them are in `tests/it/documents.rs`.

use std::collections::BTreeMap;

use harness::{RunBy, ShellBlock, shell_blocks};

use super::commands::shell_commands;
use crate::tools::{in_repository, text_of};

/// A recipe of the justfile: what it depends on, and its lines.
struct Recipe {
    needs: Vec<String>,
    body: String,
}

fn recipes() -> BTreeMap<String, Recipe> {
    let mut recipes: BTreeMap<String, Recipe> = BTreeMap::new();
    let mut last = String::new();
    for line in text_of("justfile").lines() {
        if let (true, Some(recipe)) = (line.starts_with(' '), recipes.get_mut(&last)) {
            recipe.body.push_str(line);
            recipe.body.push('\n');
        } else if let Some((head, needs)) = line.split_once(':')
            && head.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && !needs.starts_with('=')
        {
            last = head.split(' ').next().unwrap_or_default().to_owned();
            let needs = needs.split_whitespace().map(str::to_owned).collect();
            let body = String::new();
            recipes.insert(last.clone(), Recipe { needs, body });
        }
    }
    recipes
}

/// What `just ci` runs: its recipes with their lines, and the scripts that they name.
fn in_ci(recipes: &BTreeMap<String, Recipe>) -> BTreeMap<&str, String> {
    let (mut found, mut open) = (BTreeMap::new(), vec!["ci"]);
    while let Some(name) = open.pop() {
        let recipe = &recipes[name];
        let scripts = recipe.body.split_whitespace();
        let scripts =
            scripts.filter(|word| word.starts_with(".ci/") && in_repository(word).is_file());
        let all = scripts.fold(recipe.body.clone(), |all, script| all + &text_of(script));
        found.insert(name, all);
        open.extend(recipe.needs.iter().map(String::as_str));
    }
    found
}

/// What is run, without what it is told: `cargo test` of `cargo test -p PACKAGE`.
fn what(words: &[String]) -> String {
    let is_told = |word: &String| word.starts_with('-') || word.contains("://");
    let what: Vec<&str> = words
        .iter()
        .take_while(|word| !is_told(word))
        .map(String::as_str)
        .collect();
    what.join(" ")
}

/// The commands of a block that none of these recipes runs.
fn not_run(block: &ShellBlock, named: &[String], ci: &BTreeMap<&str, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    let known: Vec<&String> = named
        .iter()
        .filter_map(|name| ci.get(name.as_str()))
        .collect();
    if known.len() < named.len() {
        wrong.push(format!(
            "{}: CI does not run all of {named:?}",
            block.place()
        ));
    }
    let commands = block.text.lines().flat_map(shell_commands);
    for words in commands.filter(|words| !words.is_empty()) {
        let what = what(&words);
        let recipe = what.strip_prefix("just ");
        let is_recipe = recipe.is_some_and(|recipe| named.iter().any(|name| name == recipe));
        if !is_recipe && !known.iter().any(|lines| lines.contains(&what)) {
            wrong.push(format!("{}: {named:?} do not run {what}", block.place()));
        }
    }
    wrong
}

#[test]
fn every_block_of_commands_is_run_by_a_test_or_says_why_not() {
    let recipes = recipes();
    let ci = in_ci(&recipes);
    let (mut run, mut wrong) = (0, Vec::new());
    for block in shell_blocks() {
        run += usize::from(!matches!(block.run_by, Some(RunBy::Nobody(_))));
        match &block.run_by {
            Some(RunBy::Pipeline | RunBy::Kafka | RunBy::Shell | RunBy::Nobody(_)) => {}
            Some(RunBy::Recipes(named)) => wrong.extend(not_run(&block, named, &ci)),
            None => wrong.push(format!("{} does not say who runs it", block.place())),
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(run >= 15, "{run} blocks are run");
}

/// What has no language could be commands that nobody looks at.
#[test]
fn every_block_of_code_names_its_language() {
    let mut wrong = Vec::new();
    for (path, text) in super::files(".md") {
        let fences = text.lines().enumerate();
        let fences = fences.filter(|(_, line)| line.trim_start().starts_with("```"));
        for (number, line) in fences.step_by(2) {
            if line.trim() == "```" {
                wrong.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
