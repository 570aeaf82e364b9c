//! The commands that documents name: our programs take their arguments, and the justfile and the
//! workspace have what `just` and `cargo` are told.

use std::collections::BTreeSet;

use clap::error::ErrorKind;
use clap::{Command, CommandFactory as _};

use super::{documents, files};
use crate::tools::in_repository;

/// What ends the arguments of a command.
const OPERATORS: [&str; 8] = ["|", "||", "&&", "&", ";", ">", "2>", "<<"];

/// Our programs, as they read their arguments.
fn programs() -> [Command; 3] {
    [
        stackone_ingest::cli::Cli::command().name("stackone-ingest"),
        stackone_processor_cli::arguments::Cli::command().name("stackone-processor"),
        stackone_connect::cli::Cli::command().name("stackone-connect"),
    ]
}

/// The words of a line, as a shell splits it, each command by itself.
pub(super) fn shell_commands(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let (mut word, mut quote) = (String::new(), None);
    let mut end = |word: &mut String| {
        let word = std::mem::take(word);
        if OPERATORS.contains(&word.as_str()) {
            commands.push(Vec::new());
        } else if let (false, Some(command)) = (word.is_empty(), commands.last_mut()) {
            command.push(word);
        }
    };
    for c in line.chars() {
        match (c, quote) {
            (_, Some(open)) if c == open => quote = None,
            ('\'' | '"', None) => quote = Some(c),
            ('#', None) if word.is_empty() => break,
            (' ' | '\n', None) => end(&mut word),
            (';', None) => {
                end(&mut word);
                end(&mut ";".to_owned());
            }
            _ => word.push(c),
        }
    }
    end(&mut word);
    commands
}

/// Where a command names what it runs: at its beginning, variables apart, or after `exec` in a
/// container.
fn run_at(words: &[String]) -> usize {
    let begin = words.iter().take_while(|word| word.contains('=')).count();
    let is_in_container = words.iter().skip(begin).any(|word| word == "exec");
    let mut own = words.iter().skip(begin + 1);
    let inside = own.position(|word| programs().iter().any(|program| program.get_name() == word));
    inside
        .filter(|_| is_in_container)
        .map_or(begin, |at| begin + 1 + at)
}

/// What is wrong with a command of one of our programs; none of another's. A command that is only
/// spoken of may lack what it needs.
fn refused(words: &[String], is_spoken_of: bool) -> Option<String> {
    let at = run_at(words);
    let name = words.get(at)?.rsplit('/').next()?;
    let mut programs = programs().into_iter();
    let program = programs.find(|program| program.get_name() == name)?;
    let arguments = words[at..].iter().filter(|word| word.as_str() != "…");
    let error = program.try_get_matches_from(arguments).err()?;
    let is_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    let is_short = matches!(
        error.kind(),
        ErrorKind::MissingSubcommand
            | ErrorKind::MissingRequiredArgument
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    let is_enough = is_help || (is_short && is_spoken_of);
    (!is_enough).then(|| format!("{}: {error}", words.join(" ")))
}

/// The word after `program`, where the command begins with it, variables apart.
fn told<'a>(words: &'a [String], program: &str) -> Option<&'a str> {
    let mut words = words.iter().skip_while(|word| word.contains('='));
    (words.next()? == program)
        .then(|| words.next())?
        .map(String::as_str)
}

fn recipes() -> BTreeSet<String> {
    let text = std::fs::read_to_string(in_repository("justfile")).unwrap();
    let heads = text
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()) && !line.contains(":="));
    let names = heads.filter_map(|head| head.split([' ', ':']).next());
    names.map(str::to_owned).collect()
}

fn packages() -> BTreeSet<String> {
    let manifests = files("Cargo.toml").into_values();
    let names = manifests.filter_map(|text| {
        let name = text.lines().find_map(|line| line.strip_prefix("name = "))?;
        Some(name.trim_matches('"').to_owned())
    });
    names.collect()
}

/// Packages of the workspace that a cargo command names and that are not there.
fn unknown_packages(words: &[String], packages: &BTreeSet<String>) -> Vec<String> {
    if told(words, "cargo").is_none() {
        return Vec::new();
    }
    let pairs = words.windows(2);
    let named = pairs.filter(|pair| matches!(pair[0].as_str(), "-p" | "--package"));
    let unknown = named.filter(|pair| !packages.contains(&pair[1]));
    unknown
        .map(|pair| format!("cargo: no package {}", pair[1]))
        .collect()
}

#[test]
fn every_command_in_the_documents_is_understood() {
    let (recipes, packages) = (recipes(), packages());
    let (mut commands, mut wrong) = (0, Vec::new());
    for (path, document) in documents() {
        let spoken_of = document.code.iter().map(|code| (code, true));
        let lines = document
            .blocks
            .iter()
            .map(|line| (line, false))
            .chain(spoken_of);
        for (line, is_spoken_of) in lines {
            for words in shell_commands(line) {
                let mut found: Vec<String> = refused(&words, is_spoken_of).into_iter().collect();
                let recipe = told(&words, "just").filter(|recipe| !recipe.starts_with('-'));
                let unknown = recipe.filter(|recipe| !recipes.contains(*recipe));
                found.extend(unknown.map(|recipe| format!("just: no recipe {recipe}")));
                found.extend(unknown_packages(&words, &packages));
                commands += 1;
                wrong.extend(
                    found
                        .iter()
                        .map(|error| format!("{}: {error}", path.display())),
                );
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(commands > 100, "{commands} commands");
}
