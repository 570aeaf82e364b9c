//! `stackone-simulator host`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use stackone_simulator::{HostConfig, HostProduct};
use url::Url;

use super::serve::{asked_to_stop, explain, log_to_stderr};
use super::{CommandError, secret};

/// The service token, where no file is named.
const CONNECT_TOKEN_ENV: &str = "STACKONE_SIMULATOR_CONNECT_TOKEN";

#[derive(Debug, Args)]
pub(super) struct HostArgs {
    /// Where the page is.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3001")]
    listen: SocketAddr,
    /// Where connect is, for the backend and for browsers.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8084")]
    connect_url: Url,
    /// The file with connect's service token. Without it: the environment variable
    /// `STACKONE_SIMULATOR_CONNECT_TOKEN`.
    #[arg(long, value_name = "FILE")]
    connect_token_file: Option<PathBuf>,
}

/// Runs until it is told to stop.
pub(super) async fn host(args: HostArgs) -> Result<ExitCode, CommandError> {
    log_to_stderr();
    let token = secret::read(args.connect_token_file.as_deref(), CONNECT_TOKEN_ENV)?;
    let config = HostConfig {
        listen: args.listen,
        connect_url: args.connect_url,
        service_token: token.ok_or_else(|| {
            CommandError::Usage(format!(
                "no service token: give --connect-token-file FILE, or set {CONNECT_TOKEN_ENV}"
            ))
        })?,
    };
    let mut product = HostProduct::start(config).map_err(explain)?;
    tracing::info!(page = product.url(), "the host product is ready");
    tokio::select! {
        asked = asked_to_stop() => asked?,
        ended = product.stopped() => {
            return Err(CommandError::Failure(format!("its server stopped by itself: {ended:?}")));
        }
    }
    product.shutdown().await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}
