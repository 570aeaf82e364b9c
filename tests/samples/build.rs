//! Building a sample, with the commands that its README gives.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

/// A sample consumer.
pub(crate) struct Sample {
    /// Its name, and its folder under `schemas/examples`.
    pub(crate) name: &'static str,
    /// What has to be there to build it: the first answers `--version`.
    needs: &'static [&'static str],
    /// Shell commands that build it, in its folder; `$TARGET` is a folder that survives.
    build: &'static str,
    /// The command that runs it.
    run: &'static [&'static str],
}

pub(crate) const RUST: Sample = Sample {
    name: "rust",
    needs: &["cargo"],
    build: "cargo build --quiet",
    run: &["$BUILT/accounts-table"],
};

pub(crate) const PYTHON: Sample = Sample {
    name: "python",
    needs: &["python3"],
    build: "python3 -m venv \"$TARGET\" && \"$TARGET\"/bin/pip install --quiet --requirement requirements.txt",
    run: &["$TARGET/bin/python", "$FOLDER/consumer.py"],
};

pub(crate) const JAVA: Sample = Sample {
    name: "java",
    needs: &["java", "mvn"],
    build: "mvn --quiet --batch-mode package",
    run: &[
        "java",
        "-cp",
        "$FOLDER/target/classes:$FOLDER/target/lib/*",
        "link.AccountsTable",
    ],
};

impl Sample {
    /// Builds it and gives the command that runs it; none where a toolchain is missing, unless this is CI.
    pub(crate) async fn build(&self) -> Option<Vec<String>> {
        for tool in self.needs {
            let mut version = Command::new(tool);
            version
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            if version.status().await.is_ok_and(|status| status.success()) {
                continue;
            }
            assert!(
                std::env::var_os("CI").is_none(),
                "{tool} is missing: the sample in {} cannot be tested",
                self.name
            );
            eprintln!(
                "PASSED OVER: the sample in {} needs {tool}, which is not installed",
                self.name
            );
            return None;
        }
        let (folder, target) = (self.folder(), self.target());
        std::fs::create_dir_all(&target).unwrap();
        let built = Command::new("bash")
            .args(["-euo", "pipefail", "-c", self.build])
            .current_dir(&folder)
            .env("TARGET", &target)
            .status();
        assert!(
            built.await.unwrap().success(),
            "the sample in {} does not build: {}",
            self.name,
            self.build
        );
        let with_folders = |part: &&str| {
            let part = part.replace("$TARGET", &target.display().to_string());
            let part = part.replace("$BUILT", &built_by_cargo().display().to_string());
            part.replace("$FOLDER", &folder.display().to_string())
        };
        Some(self.run.iter().map(with_folders).collect())
    }

    fn folder(&self) -> PathBuf {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/examples");
        examples.join(self.name).canonicalize().unwrap()
    }

    fn target(&self) -> PathBuf {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sample-{}", self.name))
    }
}

/// Where cargo puts programs of this workspace.
fn built_by_cargo() -> &'static Path {
    let program = Path::new(env!("CARGO_BIN_EXE_processor-under-test"));
    program.parent().unwrap()
}
