//! Arguments, and what they mean for the screen.

use std::io::{self, IsTerminal as _, Write};

use clap::Parser;

/// Warnings, but for the Kafka client's: to it, that a reader has reached the end of a topic is an
/// error.
const LOGGED: &str = "warn,rdkafka::client=off";

/// Shows the whole account-link pipeline at work, in one process: a stand-in StackOne sends signed
/// webhooks over HTTP, `ingest` puts them on Kafka, `processor` confirms them against the accounts
/// API and emits what happened, subscribers read it.
///
/// Without options it plays its story and then goes on with gentle traffic until Ctrl-C. Nothing
/// has to be installed: the broker is librdkafka's mock cluster, inside this process.
#[derive(Debug, Parser)]
#[command(
    name = "demo",
    after_help = "Exit code: 0 all went as it must, 1 it did not (each missing event is named), 2 wrong usage or it cannot start."
)]
pub(crate) struct Cli {
    /// Play the story once and end: with 0 only if every expected event was seen, and no other.
    #[arg(long)]
    pub once: bool,
    /// Make the result the only line on stdout, as JSON; everything for people goes to stderr.
    #[arg(long, requires = "once")]
    pub json: bool,
    /// Use this Kafka broker (plaintext). Topics and group get a prefix of their own, which is
    /// printed.
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    pub kafka: Option<String>,
    /// Name the topics like this instead, and let none of them exist yet: `stackone` gives the
    /// names that subscribers read by default.
    #[arg(long, value_name = "PREFIX", requires = "kafka")]
    pub topic_prefix: Option<String>,
    /// Log the services' warnings and errors to stderr.
    #[arg(long, short)]
    pub verbose: bool,
}

/// `host:port` as it came; whether the host answers is another question.
fn address(text: &str) -> Result<String, String> {
    let (host, port) = text.rsplit_once(':').ok_or("there is no :PORT")?;
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    if host.is_empty() || text.contains(',') || !is_port {
        return Err("it is not HOST:PORT".to_owned());
    }
    Ok(text.to_owned())
}

impl Cli {
    /// Where the screen is: stdout, but for `--json`, which keeps that for itself.
    pub(crate) fn output(&self) -> Box<dyn Write + Send> {
        if self.json {
            Box::new(io::stderr())
        } else {
            Box::new(io::stdout())
        }
    }

    /// Colours are for people at a terminal who have not asked for none (see no-color.org).
    pub(crate) fn colour(&self) -> bool {
        let is_terminal = if self.json {
            io::stderr().is_terminal()
        } else {
            io::stdout().is_terminal()
        };
        is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
    }

    /// The services' own words would bury the story, so they are off unless asked for.
    pub(crate) fn init_logs(&self) {
        if self.verbose {
            tracing_subscriber::fmt()
                .with_env_filter(LOGGED)
                .with_writer(io::stderr)
                .log_internal_errors(false)
                .with_ansi(io::stderr().is_terminal())
                .init();
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Cli::command().debug_assert();
        assert!(Cli::try_parse_from(["demo", "--json"]).is_err());
        assert!(Cli::try_parse_from(["demo", "--once", "--json"]).is_ok());
        let prefix = ["demo", "--topic-prefix", "stackone"];
        assert!(Cli::try_parse_from(prefix).is_err());
        let on_kafka = ["--kafka", "localhost:9092"];
        assert!(Cli::try_parse_from(prefix.into_iter().chain(on_kafka)).is_ok());
    }

    #[test]
    fn a_broker_has_a_host_and_a_port() {
        for wrong in ["localhost", ":9092", "a:b", "a:0", "a:1,b:2"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
        assert_eq!(address("127.0.0.1:9092").as_deref(), Ok("127.0.0.1:9092"));
        assert!(address("[::1]:9092").is_ok());
    }
}
