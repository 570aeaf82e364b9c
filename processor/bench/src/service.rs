//! The processor's library, built into the bench, as a process of its own.

use std::path::PathBuf;

use clap::Args;
use stackone_link_process::{process_environment, telemetry};
use stackone_processor::application::Application;
use stackone_processor::config::Config;
use tokio::runtime::Runtime;

/// Be the processor.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The configuration file.
    #[arg(long)]
    config: PathBuf,
    /// Give each webhook a lookup of its own.
    #[arg(long)]
    without_merging: bool,
}

impl Serve {
    /// Runs as long as the process lives.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let config = Config::load(Some(&self.config), &process_environment())?;
        let logs = &config.settings.telemetry;
        telemetry::init(logs.format, &logs.filter)?;
        Runtime::new()?.block_on(async {
            let mut application = Application::build(&config)?;
            if self.without_merging {
                application = application.without_merging();
            }
            Ok(application.run(Default::default()).await?)
        })
    }
}
