//! Reads certificate and key again while the service runs. What cannot be used leaves the last good pair in force, loudly.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::web::Data;
use stackone_link_process::watch::{self, Notice, Notices, Watched};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use crate::config::TlsSettings;
use crate::ingest::Ingest;
use crate::listeners::tls::Tls;
use crate::tasks::CERTIFICATE;

/// How the log names the pair.
const WHAT: &str = "the TLS certificate";

struct CertificateReload {
    tls: Arc<Tls>,
    settings: TlsSettings,
    ingest: Data<Ingest>,
    notices: Notices<&'static str>,
}

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
    let expires_at = tls.certificate().expires_at();
    ingest.metrics.reloads.certificate_expires(expires_at);
    let reload = CertificateReload {
        tls,
        settings,
        ingest,
        notices: Notices::default(),
    };
    watch::run(CERTIFICATE, reload, stop).await
}

impl Watched for CertificateReload {
    fn look(&mut self) {
        let (current, metrics) = (self.tls.certificate(), &self.ingest.metrics.reloads);
        let mut notices = BTreeMap::new();
        match current.renewed(&self.settings) {
            Ok(Some(certificate)) => {
                metrics.certificate_expires(certificate.expires_at());
                self.tls.renew(certificate);
                tracing::info!("the TLS certificate has changed; the new one is live");
            }
            Ok(None) => {}
            Err(problem) => {
                metrics.certificate_failed();
                notices.insert(WHAT, Notice::Unusable(problem.to_string()));
            }
        }
        self.notices.log_changes(notices);
    }
}
