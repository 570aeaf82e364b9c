//! Building a sample, with the commands that its README gives.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

/// A sample consumer.
pub(crate) struct Sample {
    /// Its name, and its folder under `schemas/examples`.
    pub(crate) name: &'static str,
    /// What has to be there to build and run it.
    needs: &'static [Need],
    /// Shell commands that build it, in its folder; `$TARGET` is a folder that survives.
    build: &'static str,
    /// The command that runs it.
    run: &'static [&'static str],
}

/// A tool that a sample needs.
struct Need {
    /// What to call it.
    tool: &'static str,
    /// A command that succeeds where it is there.
    shown_by: &'static [&'static str],
}

impl Need {
    const CARGO: Self = Self::new("cargo", &["cargo", "--version"]);
    const PYTHON: Self = Self::new("python3", &["python3", "--version"]);
    const JAVA: Self = Self::new("java", &["java", "--version"]);
    const MAVEN: Self = Self::new("mvn", &["mvn", "--version"]);
    const NPM: Self = Self::new("npm", &["npm", "--version"]);
    /// One that runs TypeScript as it is: 22.18 and later.
    const NODE: Self = Self::new(
        "Node.js 22.18 or newer",
        &[
            "node",
            "--eval",
            "process.exit(process.features.typescript ? 0 : 1)",
        ],
    );

    const fn new(tool: &'static str, shown_by: &'static [&'static str]) -> Self {
        Self { tool, shown_by }
    }

    async fn is_there(&self) -> bool {
        let Some((program, arguments)) = self.shown_by.split_first() else {
            return false;
        };
        let mut command = Command::new(program);
        command.args(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().await.is_ok_and(|status| status.success())
    }
}

pub(crate) const RUST: Sample = Sample {
    name: "rust",
    needs: &[Need::CARGO],
    build: "cargo build --quiet",
    run: &["$BUILT/accounts-table"],
};

pub(crate) const PYTHON: Sample = Sample {
    name: "python",
    needs: &[Need::PYTHON],
    build: "python3 -m venv \"$TARGET\" && \"$TARGET\"/bin/pip install --quiet --requirement requirements.txt",
    run: &["$TARGET/bin/python", "$FOLDER/consumer.py"],
};

pub(crate) const JAVA: Sample = Sample {
    name: "java",
    needs: &[Need::JAVA, Need::MAVEN],
    build: "mvn --quiet --batch-mode package",
    run: &[
        "java",
        "-cp",
        "$FOLDER/target/classes:$FOLDER/target/lib/*",
        "link.AccountsTable",
    ],
};

/// Its client is compiled only where its binary cannot be downloaded: against the libraries of this machine, because those that
/// it links otherwise are downloads, too; not optimised, which halves the time; and after everything else that wants the processor,
/// because it starts a compiler for each of a hundred files at once.
pub(crate) const TYPESCRIPT: Sample = Sample {
    name: "typescript",
    needs: &[Need::NODE, Need::NPM],
    build: "[[ node_modules/.package-lock.json -nt package-lock.json ]] || \
            CKJS_LINKING=dynamic CFLAGS=-O0 CXXFLAGS=-O0 nice -n 19 npm ci --no-audit --no-fund --loglevel error; \
            npm run --silent build",
    run: &["node", "$FOLDER/src/consumer.ts"],
};

impl Sample {
    /// Builds it and gives the command that runs it; none where a toolchain is missing, unless this is CI.
    pub(crate) async fn build(&self) -> Option<Vec<String>> {
        for need in self.needs {
            if need.is_there().await {
                continue;
            }
            let tool = need.tool;
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
