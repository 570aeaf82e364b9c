//! Building a sample, with the commands that its README gives.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;
use tokio::sync::OnceCell;

/// A sample consumer.
pub(crate) struct Sample {
    /// Its name, and its folder under `schemas/examples`.
    pub(crate) name: &'static str,
    /// The file with its `main`.
    main: &'static str,
    /// What has to be there to build and run it.
    needs: &'static [Need],
    /// Shell commands that build it, in its folder; `$TARGET` is a folder that survives.
    build: &'static str,
    /// The command that runs it.
    run: &'static [&'static str],
    /// The command that runs it, once it is built; none where a toolchain is missing.
    command: OnceCell<Option<Vec<String>>>,
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

/// All of them.
pub(crate) static ALL: [&Sample; 4] = [&RUST, &PYTHON, &JAVA, &TYPESCRIPT];

pub(crate) static RUST: Sample = Sample {
    name: "rust",
    main: "src/main.rs",
    needs: &[Need::CARGO],
    build: if cfg!(feature = "kafka-tls") {
        "cargo build --quiet --features tls"
    } else {
        "cargo build --quiet"
    },
    run: &["$BUILT/accounts-table"],
    command: OnceCell::const_new(),
};

pub(crate) static PYTHON: Sample = Sample {
    name: "python",
    main: "consumer.py",
    needs: &[Need::PYTHON],
    build: "python3 -m venv \"$TARGET\" && \"$TARGET\"/bin/pip install --quiet --requirement requirements.txt",
    run: &["$TARGET/bin/python", "$FOLDER/consumer.py"],
    command: OnceCell::const_new(),
};

pub(crate) static JAVA: Sample = Sample {
    name: "java",
    main: "src/main/java/link/AccountsTable.java",
    needs: &[Need::JAVA, Need::MAVEN],
    build: "mvn --quiet --batch-mode package",
    run: &[
        "java",
        "-cp",
        "$FOLDER/target/classes:$FOLDER/target/lib/*",
        "link.AccountsTable",
    ],
    command: OnceCell::const_new(),
};

/// Its client is compiled only where its binary cannot be downloaded: against the libraries of this
/// machine, because those that it links otherwise are downloads, too; not optimised, which halves
/// the time; and after everything else that wants the processor, because it starts a compiler for
/// each of a hundred files at once.
pub(crate) static TYPESCRIPT: Sample = Sample {
    name: "typescript",
    main: "src/consumer.ts",
    needs: &[Need::NODE, Need::NPM],
    build: "[[ node_modules/.package-lock.json -nt package-lock.json ]] || \
            CKJS_LINKING=dynamic CFLAGS=-O0 CXXFLAGS=-O0 nice -n 19 npm ci --no-audit --no-fund --loglevel error; \
            npm run --silent build",
    run: &["node", "$FOLDER/src/consumer.ts"],
    command: OnceCell::const_new(),
};

impl Sample {
    /// The command that runs it, which is built once; none where a toolchain is missing, unless
    /// this is CI.
    pub(crate) async fn command(&self) -> Option<&[String]> {
        let built = self.command.get_or_init(|| self.build()).await;
        built.as_deref()
    }

    async fn build(&self) -> Option<Vec<String>> {
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
            // Not by `eprintln!`: a test that passes shows nothing of what that prints.
            let name = self.name;
            let passed_over =
                format!("PASSED OVER: the sample in {name} needs {tool}, which is not installed\n");
            std::io::stderr().write_all(passed_over.as_bytes()).unwrap();
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

    /// Its main file.
    pub(crate) fn source(&self) -> String {
        std::fs::read_to_string(self.folder().join(self.main)).unwrap()
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
