//! TLS of the public listener: each handshake uses the certificate that is in force at its
//! beginning.

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

/// The certificate in force, and the deadline of a handshake.
pub struct Tls {
    certificate: ArcSwap<Certificate>,
    handshake_deadline: Duration,
}

/// Why a handshake failed: label of its metric, and reason in the log.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum HandshakeError {
    /// The handshake took longer than its deadline; most often the client sent nothing.
    #[error("not done within its deadline")]
    TooSlow,
    /// The connection begins with the PROXY protocol instead of a handshake.
    #[error("the PROXY protocol is not spoken here")]
    ProxyProtocol,
    /// The client supports no TLS that rustls does, does not trust the certificate, or has gone.
    #[error("{0}")]
    Failed(io::Error),
}

impl Tls {
    /// Makes handshakes use `certificate`, and end after `handshake_deadline`.
    #[must_use]
    pub fn new(certificate: Certificate, handshake_deadline: Duration) -> Self {
        Self {
            certificate: ArcSwap::from_pointee(certificate),
            handshake_deadline,
        }
    }

    /// Returns the certificate in force.
    pub(crate) fn certificate(&self) -> Arc<Certificate> {
        self.certificate.load_full()
    }

    /// Puts another certificate in force. A handshake under way goes on with the one before.
    pub(crate) fn renew(&self, certificate: Certificate) {
        self.certificate.store(Arc::new(certificate));
    }

    /// Shakes hands on a new connection.
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
