//! Reads certificate and key again while the service runs. What cannot be used leaves the last good pair in force, loudly.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use stackone_link_process::spawn::spawn_blocking;
use tokio::task::JoinError;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Tls;
use crate::config::TlsSettings;
use crate::ingest::Ingest;
use crate::tasks::CERTIFICATE;

/// Twice as often as what is promised to take effect within 2 seconds.
const EVERY: Duration = Duration::from_secs(1);

/// Runs until `stop`.
///
/// # Errors
///
/// Where reading panicked.
pub(crate) async fn run(
    tls: Arc<Tls>,
    settings: TlsSettings,
    ingest: Data<Ingest>,
    stop: CancellationToken,
) -> Result<(), JoinError> {
    ingest
        .metrics
        .tls_certificate_expires(tls.certificate().expires_at());
    let settings = Arc::new(settings);
    let mut last_problem = None;
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let (current, settings) = (tls.certificate(), Arc::clone(&settings));
        let read = spawn_blocking(CERTIFICATE, move || current.renewed(&settings)).await?;
        let problem = match read {
            Ok(renewed) => {
                if let Some(certificate) = renewed {
                    ingest
                        .metrics
                        .tls_certificate_expires(certificate.expires_at());
                    tls.renew(certificate);
                    tracing::info!("the TLS certificate has changed; the new one is live");
                }
                None
            }
            Err(problem) => {
                ingest.metrics.tls_reload_failed();
                Some(problem)
            }
        };
        tell(last_problem.as_deref(), problem.as_deref());
        last_problem = problem;
    }
    Ok(())
}

/// Tells a problem once when it begins, changes or ends.
fn tell(last: Option<&str>, now: Option<&str>) {
    match now {
        Some(problem) if last != now => {
            tracing::error!(
                problem,
                "the TLS certificate cannot be read again; the last good one stays in force"
            );
        }
        None if last.is_some() => tracing::info!("the TLS certificate is in order again"),
        Some(_) | None => {}
    }
}
