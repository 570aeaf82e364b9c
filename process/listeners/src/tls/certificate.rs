//! A certificate with its key, checked before it is used.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use x509_cert::Certificate as X509;
use x509_cert::der::Decode as _;

/// Where a listener's certificate is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// The certificate chain in PEM, the listener's own first.
    pub certificate_file: PathBuf,
    /// Its private key in PEM: PKCS #8, PKCS #1 or SEC 1.
    pub private_key_file: PathBuf,
}

/// Why a certificate or its key is of no use.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file is missing, or holds something else.
    #[error("server.tls.{key}: {}: {problem}", .file.display())]
    File {
        /// The setting that names it.
        key: &'static str,
        /// The file that cannot be used.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Each is what it should be, but they are not each other's, or not supported.
    #[error("server.tls: certificate and private key: {0}")]
    Pair(#[from] rustls::Error),
}

/// A certificate chain whose key is at hand.
#[derive(Clone)]
pub struct Certificate {
    server_config: Arc<ServerConfig>,
    /// When it is no longer valid, since the epoch.
    expires_at: Duration,
    fingerprint: Fingerprint,
}

/// Tells whether two pairs of files say the same, without keeping a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fingerprint([u8; 32]);

/// What the two files hold.
struct Pair {
    chain: Vec<u8>,
    key: Vec<u8>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Certificate");
        shown.field("expires_at", &self.expires_at);
        shown.finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads the pair of files.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in one line.
    pub fn read(settings: &TlsSettings) -> Result<Self, CertificateError> {
        Self::of(&Pair::read(settings)?, settings)
    }

    /// Reads the pair of files again; nothing where it is the same.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in one line.
    pub(crate) fn renewed(&self, settings: &TlsSettings) -> Result<Option<Self>, CertificateError> {
        let pair = Pair::read(settings)?;
        if pair.fingerprint() == self.fingerprint {
            return Ok(None);
        }
        Self::of(&pair, settings).map(Some)
    }

    /// What handshakes are done with.
    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server_config)
    }

    /// When it is no longer valid, since the epoch.
    #[must_use]
    pub const fn expires_at(&self) -> Duration {
        self.expires_at
    }

    fn of(pair: &Pair, settings: &TlsSettings) -> Result<Self, CertificateError> {
        let (certificate_file, key_file) = (&settings.certificate_file, &settings.private_key_file);
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pair.chain).collect();
        let chain = chain.map_err(|error| unusable("certificate_file", certificate_file, error))?;
        let Some(leaf) = chain.first() else {
            let problem = "holds no certificate in PEM";
            return Err(unusable("certificate_file", certificate_file, problem));
        };
        let leaf = X509::from_der(leaf);
        let leaf = leaf.map_err(|error| unusable("certificate_file", certificate_file, error))?;
        let expires_at = leaf
            .tbs_certificate()
            .validity()
            .not_after
            .to_unix_duration();
        let key = PrivateKeyDer::from_pem_slice(&pair.key)
            .map_err(|error| unusable("private_key_file", key_file, error))?;
        Ok(Self {
            server_config: Arc::new(server_config(chain, key)?),
            expires_at,
            fingerprint: pair.fingerprint(),
        })
    }
}

impl Pair {
    fn read(settings: &TlsSettings) -> Result<Self, CertificateError> {
        let read = |key, file: &Path| fs::read(file).map_err(|error| unusable(key, file, error));
        Ok(Self {
            chain: read("certificate_file", &settings.certificate_file)?,
            key: read("private_key_file", &settings.private_key_file)?,
        })
    }

    fn fingerprint(&self) -> Fingerprint {
        // The length keeps what ends one file from being taken for what begins the other.
        let length = self.chain.len().to_be_bytes();
        let digest = Sha256::new()
            .chain_update(length)
            .chain_update(&self.chain)
            .chain_update(&self.key);
        Fingerprint(digest.finalize().into())
    }
}

/// Also checks that the key is the certificate's.
fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn unusable(key: &'static str, file: &Path, problem: impl fmt::Display) -> CertificateError {
    CertificateError::File {
        key,
        file: file.to_owned(),
        problem: problem.to_string(),
    }
}
