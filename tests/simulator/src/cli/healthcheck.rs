//! `stackone-simulator healthcheck`

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use stackone_simulator::{describe, webhook_client};

use super::CommandError;

/// How long the simulator has to answer.
const TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
pub(super) struct HealthcheckArgs {
    /// Where its control endpoints listen; of all addresses, the loopback is asked.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9091")]
    control_listen: SocketAddr,
}

/// Asks `/livez` of a simulator that runs.
pub(super) async fn healthcheck(args: HealthcheckArgs) -> Result<ExitCode, CommandError> {
    let mut address = args.control_listen;
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    let client = webhook_client(TIMEOUT).map_err(|error| failure(address, error))?;
    let asked = client.get(format!("http://{address}/livez")).send().await;
    asked
        .and_then(reqwest::Response::error_for_status)
        .map_err(|error| failure(address, error))?;
    Ok(ExitCode::SUCCESS)
}

fn failure(address: SocketAddr, error: reqwest::Error) -> CommandError {
    CommandError::Failure(format!("{address} is not alive: {}", describe(error)))
}
