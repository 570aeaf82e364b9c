//! Tests the command and the workflow that keep the schemas of a release.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// Makes a repository with the command and the contract in it.
fn repository() -> TempDir {
    let repository = tempfile::tempdir().unwrap();
    let root = repository.path();
    for folder in [".ci", "schemas/json", "schemas/fixtures/records"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    for file in [
        "asyncapi.json",
        "json/account-state.schema.json",
        "fixtures/records/state.active.json",
    ] {
        std::fs::copy(crate::path(file), root.join("schemas").join(file)).unwrap();
    }
    let command = ".ci/released-schemas";
    std::fs::copy(crate::path("..").join(command), root.join(command)).unwrap();
    git(root, &["init", "--quiet"]);
    git(root, &["add", "."]);
    git(root, &["commit", "--quiet", "--message", "A contract"]);
    repository
}

fn git(root: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    let mut git = Command::new("git");
    git.current_dir(root).args(identity).args(arguments);
    assert!(git.status().unwrap().success(), "{arguments:?}");
}

fn run(repository: &TempDir, mode: &str, version: &str) -> Output {
    let mut command = Command::new(repository.path().join(".ci/released-schemas"));
    command.args([mode, version]).output().unwrap()
}

fn assert_refused(output: &Output, because: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(because), "{said}");
}

fn change_contract(repository: &TempDir) -> Value {
    let file = repository
        .path()
        .join("schemas/json/account-state.schema.json");
    let mut schema: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    schema["title"] = "Another".into();
    std::fs::write(file, schema.to_string()).unwrap();
    schema
}

#[test]
fn a_version_is_kept_anew_until_it_is_tagged() {
    let repository = repository();
    let kept = repository.path().join("schemas/released/1.2.3");
    assert!(run(&repository, "keep", "1.2.3").status.success());
    for file in [
        "asyncapi.json",
        "account-state.schema.json",
        "records/state.active.json",
    ] {
        assert!(kept.join(file).is_file(), "{file}");
    }
    std::fs::write(kept.join("records/state.gone.json"), "{}").unwrap();
    let changed = change_contract(&repository);
    assert!(run(&repository, "keep", "1.2.3").status.success());
    let schema = || std::fs::read(kept.join("account-state.schema.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&schema()).unwrap(), changed);
    assert!(!kept.join("records/state.gone.json").exists());

    let before = schema();
    git(repository.path(), &["tag", "v1.2.3"]);
    std::fs::write(
        repository
            .path()
            .join("schemas/json/account-state.schema.json"),
        "{}",
    )
    .unwrap();
    assert_refused(&run(&repository, "keep", "1.2.3"), "v1.2.3 is tagged");
    assert_eq!(schema(), before);
    assert!(run(&repository, "keep", "1.2.4").status.success());
}

#[test]
fn a_release_of_another_contract_than_the_kept_one_is_refused() {
    let repository = repository();
    assert_refused(
        &run(&repository, "check", "1.2.3"),
        "run 'just release-schemas 1.2.3' first",
    );
    assert!(run(&repository, "keep", "1.2.3").status.success());
    git(repository.path(), &["tag", "v1.2.3"]);
    assert!(run(&repository, "check", "1.2.3").status.success());
    change_contract(&repository);
    assert_refused(
        &run(&repository, "check", "1.2.3"),
        "is not what the tree has",
    );
}

#[test]
fn a_release_under_a_name_that_is_no_version_is_refused() {
    let repository = repository();
    assert_refused(&run(&repository, "keep", "../.."), "is no version X.Y.Z");
}
