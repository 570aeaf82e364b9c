//! Certificates of one test run.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};
use tempfile::TempDir;

/// An authority, what it has signed, and one that has signed nothing.
pub(super) struct Certificates {
    issuer: Issuer<'static, KeyPair>,
    authority: String,
    other_authority: String,
    broker: Pair,
    client: Pair,
}

/// A certificate and its key, in PEM.
struct Pair {
    certificate: String,
    key: String,
}

impl Certificates {
    /// For a broker on this machine, and a client called `client`.
    pub(super) fn new(client: &str) -> anyhow::Result<Self> {
        let (issuer, trusted) = authority("trusted")?;
        let (_, other_authority) = authority("other")?;
        let mut of_client = CertificateParams::default();
        of_client.distinguished_name = named(client);
        Ok(Self {
            authority: trusted,
            other_authority,
            broker: signed(
                &issuer,
                CertificateParams::new(vec!["127.0.0.1".to_owned()])?,
            )?,
            client: signed(&issuer, of_client)?,
            issuer,
        })
    }

    /// Certificate and key of another client, in PEM.
    pub(super) fn of_client(&self, name: &str) -> anyhow::Result<[String; 2]> {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(name);
        let Pair { certificate, key } = signed(&self.issuer, params)?;
        Ok([certificate, key])
    }

    /// The authority, for whoever verifies.
    pub(super) fn authority(&self) -> String {
        self.authority.clone()
    }

    /// The broker's key and certificate, in the one file that Kafka wants.
    pub(super) fn broker(&self) -> String {
        format!("{}{}", self.broker.key, self.broker.certificate)
    }

    /// What clients need, as files.
    pub(super) fn files(&self) -> anyhow::Result<TempDir> {
        let folder = TempDir::new()?;
        for (name, content) in [
            ("ca", &self.authority),
            ("other-ca", &self.other_authority),
            ("client", &self.client.certificate),
            ("client-key", &self.client.key),
        ] {
            std::fs::write(folder.path().join(name), content)?;
        }
        Ok(folder)
    }
}

fn authority(name: &str) -> anyhow::Result<(Issuer<'static, KeyPair>, String)> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate()?;
    let pem = params.self_signed(&key)?.pem();
    Ok((Issuer::new(params, key), pem))
}

fn signed(issuer: &Issuer<'_, KeyPair>, params: CertificateParams) -> anyhow::Result<Pair> {
    let key = KeyPair::generate()?;
    Ok(Pair {
        certificate: params.signed_by(&key, issuer)?.pem(),
        key: key.serialize_pem(),
    })
}

fn named(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    named.push(DnType::CommonName, name);
    named
}
