//! Certificates, made for one test, and files of them that change as Kubernetes changes them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::service::client_builder;

/// What signs certificates, and is trusted.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
}

/// A certificate for this machine and its private key, in PEM.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// A folder with `tls.crt` and `tls.key`, both replaced in one step.
pub(crate) struct Mounted {
    folder: TempDir,
    versions: u32,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().der().clone();
        Self {
            issuer: Issuer::new(params, key),
            root,
        }
    }

    /// A certificate that is valid to the end of the year before `year`.
    pub(crate) fn certify(&self, year: i32) -> Pair {
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        Pair {
            certificate: params.signed_by(&key, &self.issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    /// An HTTP client that trusts it, with connections of its own.
    pub(crate) fn client(&self) -> reqwest::Client {
        let root = reqwest::Certificate::from_der(&self.root).unwrap();
        client_builder().tls_certs_only([root]).build().unwrap()
    }

    /// A connection with TLS, for what a proper client would not send.
    pub(crate) async fn connect(
        &self,
        address: std::net::SocketAddr,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(address).await?;
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(address.ip().into(), stream).await
    }
}

/// The certificate a server has shown, in DER.
pub(crate) fn shown(stream: &TlsStream<TcpStream>) -> Vec<u8> {
    let (_, session) = stream.get_ref();
    session.peer_certificates().unwrap()[0].to_vec()
}

impl Pair {
    /// The certificate in DER.
    pub(crate) fn der(&self) -> Vec<u8> {
        use rustls::pki_types::pem::PemObject as _;
        let der = CertificateDer::from_pem_slice(self.certificate.as_bytes());
        der.unwrap().to_vec()
    }
}

impl Mounted {
    pub(crate) fn new(pair: &Pair) -> Self {
        let mut mounted = Self {
            folder: tempfile::tempdir().unwrap(),
            versions: 0,
        };
        for name in ["tls.crt", "tls.key"] {
            symlink(Path::new("..data").join(name), mounted.path(name)).unwrap();
        }
        mounted.replace(pair);
        mounted
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// As Kubernetes does: `..data` is a link to a folder, and is swapped for one to another
    /// folder.
    pub(crate) fn replace(&mut self, pair: &Pair) {
        self.versions += 1;
        let version = format!("..{}", self.versions);
        fs::create_dir(self.path(&version)).unwrap();
        fs::write(self.path(&version).join("tls.crt"), &pair.certificate).unwrap();
        fs::write(self.path(&version).join("tls.key"), &pair.key).unwrap();
        symlink(version, self.path("..data_tmp")).unwrap();
        fs::rename(self.path("..data_tmp"), self.path("..data")).unwrap();
    }

    /// The environment that names both files.
    pub(crate) fn environment(&self) -> [(&'static str, String); 2] {
        let file = |name| self.path(name).to_str().unwrap().to_owned();
        [
            ("INGEST__SERVER__TLS__CERTIFICATE_FILE", file("tls.crt")),
            ("INGEST__SERVER__TLS__PRIVATE_KEY_FILE", file("tls.key")),
        ]
    }
}
