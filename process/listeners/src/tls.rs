//! TLS of the public listener: handshakes with the certificate that is in force now.

mod certificate;
mod renewal;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub use certificate::{Certificate, CertificateError, TlsSettings};
pub use renewal::CertificateRenewal;

use crate::proxy_protocol;

/// What the public listener's handshakes need.
pub struct Tls {
    certificate: ArcSwap<Certificate>,
    handshake_deadline: Duration,
}

/// Why a handshake came to nothing: label of its metric, and reason in the log.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum HandshakeError {
    /// It took longer than its deadline: most often a client that connects and says nothing.
    #[error("not done within its deadline")]
    TooSlow,
    /// It does not begin with a handshake.
    #[error("the PROXY protocol is not spoken here")]
    ProxyProtocol,
    /// The client speaks no TLS that we do, or does not trust us, or is gone.
    #[error("{0}")]
    Failed(io::Error),
}

impl Tls {
    /// Handshakes with this certificate, each within a deadline.
    #[must_use]
    pub fn new(certificate: Certificate, handshake_deadline: Duration) -> Self {
        Self {
            certificate: ArcSwap::from_pointee(certificate),
            handshake_deadline,
        }
    }

    /// The certificate that is in force now.
    pub(crate) fn certificate(&self) -> Arc<Certificate> {
        self.certificate.load_full()
    }

    /// Puts another one in its place. Handshakes under way go on with theirs.
    pub(crate) fn renew(&self, certificate: Certificate) {
        self.certificate.store(Arc::new(certificate));
    }

    /// The handshake of a connection that has just been made.
    pub(crate) async fn accept(
        &self,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, HandshakeError> {
        let acceptor = TlsAcceptor::from(self.certificate.load().server_config());
        let handshake = async {
            let mut opening = [0; proxy_protocol::LONGEST];
            let seen = stream.peek(&mut opening).await;
            let seen = seen.map_err(HandshakeError::Failed)?;
            if proxy_protocol::begins(&opening[..seen]) {
                return Err(HandshakeError::ProxyProtocol);
            }
            let done = acceptor.accept(stream).await;
            done.map_err(HandshakeError::Failed)
        };
        let done = timeout(self.handshake_deadline, handshake).await;
        done.unwrap_or(Err(HandshakeError::TooSlow))
    }
}
