//! Where it was measured, and when.

use std::fmt;
use std::fs;
use std::process::Command;

use jiff::Zoned;
use serde::Serialize;

/// The machine; its `Display` is one line.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    cores: usize,
    memory: String,
    kernel: String,
    rustc: String,
    load_average: String,
    date: String,
}

impl Machine {
    /// This one, now.
    pub(crate) fn this() -> anyhow::Result<Self> {
        let memory = fs::read_to_string("/proc/meminfo")?;
        let memory = memory.lines().next().unwrap_or_default();
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
        let rustc = Command::new("rustc").arg("--version").output()?.stdout;
        let load = fs::read_to_string("/proc/loadavg")?;
        Ok(Self {
            cores: std::thread::available_parallelism()?.get(),
            memory: memory.trim_start_matches("MemTotal:").trim().to_owned(),
            kernel: kernel.trim().to_owned(),
            rustc: String::from_utf8_lossy(&rustc).trim().to_owned(),
            load_average: load.trim().to_owned(),
            date: Zoned::now().date().to_string(),
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cores,
            memory,
            kernel,
            rustc,
            load_average,
            date,
        } = self;
        write!(
            formatter,
            "{date}, {cores} cores, {memory} of memory, Linux {kernel},\n{rustc}. Load average at the end: {load_average}."
        )
    }
}

/// What was typed: the recipe, with the arguments that it does not add by itself.
pub(crate) fn command(recipe: &str) -> String {
    let mut typed = vec![format!("just {recipe}")];
    let mut given = std::env::args().skip(2);
    while let Some(argument) = given.next() {
        if ["--service", "--markdown", "--json"].contains(&argument.as_str()) {
            given.next();
        } else {
            typed.push(argument);
        }
    }
    typed.join(" ")
}
