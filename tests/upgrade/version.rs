//! A revision's processor: its program, and settings that it understands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use harness::{Pipeline, ServiceProcess, ended};
use stackone_link_schemas::{AccountPhase, AccountState};
use tokio::process::Command;
use toml::{Table, Value};

pub(crate) struct Version {
    /// As the lines call it that are printed.
    name: &'static str,
    program: String,
    /// Its default settings. A revision refuses a key that it does not know.
    defaults: Table,
}

impl Version {
    /// The revision whose program this is, and whose default settings are in the file `defaults`.
    pub(crate) fn new(name: &'static str, program: &str, defaults: &str) -> anyhow::Result<Self> {
        let read = std::fs::read_to_string(defaults).with_context(|| defaults.to_owned())?;
        let defaults = read.parse::<Table>().with_context(|| defaults.to_owned())?;
        anyhow::ensure!(Path::new(program).is_file(), "{program} is not there");
        Ok(Self {
            name,
            program: program.to_owned(),
            defaults,
        })
    }

    /// Starts a member of the group.
    pub(crate) async fn start(&self, pipeline: &Pipeline, instance: &str) -> ServiceProcess {
        let file = self.settings(pipeline, instance).unwrap();
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(file);
        ServiceProcess::start(command).await
    }

    /// Phase and version of each account, as its command `state list` reads them.
    pub(crate) async fn states(
        &self,
        pipeline: &Pipeline,
    ) -> BTreeMap<String, (AccountPhase, u64)> {
        let file = self.settings(pipeline, "list").unwrap();
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(file);
        command.args(["state", "list", "--json"]);
        let output = ended(command).await;
        let trouble = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {trouble}", self.name);
        let lines = output.stdout.split(|byte| *byte == b'\n');
        let states = lines.filter(|line| !line.is_empty()).map(|line| {
            let state = AccountState::parse(line).unwrap();
            (state.account_id.to_string(), (state.state, state.version))
        });
        states.collect()
    }

    /// Writes its settings, and gives where they are.
    fn settings(&self, pipeline: &Pipeline, instance: &str) -> anyhow::Result<PathBuf> {
        let file = pipeline.processor_file(instance)?;
        let mut settings: Table = std::fs::read_to_string(&file)?.parse()?;
        settings.retain(|name, section| {
            let known = self.defaults.get(name);
            if let (Value::Table(section), Some(Value::Table(known))) = (section, known) {
                section.retain(|key, _| known.contains_key(key));
            }
            known.is_some()
        });
        std::fs::write(&file, toml::to_string(&settings)?)?;
        Ok(file)
    }
}
