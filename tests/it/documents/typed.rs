//! A shell with our programs.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use harness::WITHIN;
use tokio::process::Command;

/// What became of commands.
pub(super) struct Typed {
    pub(super) output: String,
    pub(super) error: String,
    pub(super) code: Option<i32>,
}

/// Puts the program `built` on the path of commands in `folder` as `name`, with this configuration
/// where a command names none.
pub(super) fn program(folder: &Path, name: &str, built: &str, file: Option<&Path>) {
    let programs = folder.join("bin");
    std::fs::create_dir_all(&programs).unwrap();
    let mut script = "#!/bin/sh\n".to_owned();
    if let Some(file) = file {
        let config = format!("set -- --config '{}' \"$@\"", file.display());
        writeln!(
            script,
            "case \" $* \" in *' --config '*) ;; *) {config} ;; esac"
        )
        .unwrap();
    }
    writeln!(script, "exec '{built}' \"$@\"").unwrap();
    write_program(&programs.join(name), &script);
}

/// Puts kcat on the path of commands in `folder`, which takes these names that a document has for
/// those of the test.
#[cfg(feature = "container")]
pub(super) fn kcat(folder: &Path, names: &[(&str, &str)]) {
    let cases = names.iter().fold(String::new(), |cases, (name, ours)| {
        cases + &format!("{name}) word={ours} ;; ")
    });
    let programs = folder.join("bin");
    let path = std::env::var("PATH").unwrap_or_default();
    let script = format!(
        "#!/bin/sh\nPATH='{path}'\nfor word; do\n  case $word in {cases} esac\n  shift\n  \
         set -- \"$@\" \"$word\"\ndone\nexec kcat \"$@\"\n"
    );
    write_program(&programs.join("kcat"), &script);
}

fn write_program(path: &Path, script: &str) {
    std::fs::write(path, script).unwrap();
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, executable).unwrap();
}

/// Types `commands` into a shell in `folder` that stops at the first one that fails.
pub(super) async fn typed(folder: &Path, commands: &str, environment: &[(&str, &str)]) -> Typed {
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", folder.join("bin").display());
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", commands]);
    shell.current_dir(folder).env("PATH", path);
    shell.envs(environment.iter().copied()).kill_on_drop(true);
    let ended = tokio::time::timeout(WITHIN, shell.output()).await;
    let ended = ended.unwrap().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Typed {
        output: text(&ended.stdout),
        error: text(&ended.stderr),
        code: ended.status.code(),
    }
}
