//! TLS of the public listener.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, KeyPair};
use reqwest::{Certificate, Client};

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::host::Host;
use crate::service::{Service, config_with};
use crate::stackone::stackone;

/// Writes a certificate for this machine and its key; what it is trusted by.
fn certify(folder: &Path) -> Certificate {
    let far = Duration::from_hours(10_000);
    certify_for(folder, SystemTime::now() + far)
}

/// The same, of a certificate that ends then.
pub(crate) fn certify_for(folder: &Path, until: SystemTime) -> Certificate {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.not_after = until.into();
    let certificate = params.self_signed(&key).unwrap();
    fs::write(folder.join("tls.crt"), certificate.pem()).unwrap();
    fs::write(folder.join("tls.key"), key.serialize_pem()).unwrap();
    Certificate::from_der(certificate.der()).unwrap()
}

/// The status of a page over TLS, on a connection of its own, for who trusts nothing but this.
async fn page(service: &Service, trusted: &Certificate) -> reqwest::Result<u16> {
    let client = Client::builder().no_proxy();
    let client = client.tls_certs_only([trusted.clone()]).build().unwrap();
    let url = format!("https://{}/link.css", service.public);
    Ok(client.get(url).send().await?.status().as_u16())
}

#[tokio::test]
async fn a_renewed_certificate_serves_new_connections_without_a_restart() {
    let (broker, stackone) = (Broker::new(), stackone().await);
    let folder = tempfile::tempdir().unwrap();
    let old = certify(folder.path());
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (certificate, key) = (file("tls.crt"), file("tls.key"));
    let tls = [
        ("CONNECT__SERVER__TLS__CERTIFICATE_FILE", &*certificate),
        ("CONNECT__SERVER__TLS__PRIVATE_KEY_FILE", &*key),
    ];
    let (config, secrets) = config_with(&broker, &stackone, &Host::new("k1", 1), &tls, |_| {});
    let service = Service::run(&config, secrets);
    service.becomes_ready().await;
    assert_eq!(page(&service, &old).await.unwrap(), 200);
    let expiry = "stackone_connect_tls_certificate_expiry_timestamp_seconds";
    assert!(service.metric(expiry).await.is_some());
    let plain = format!("http://{}/link.css", service.public);
    assert!(service.client.get(plain).send().await.is_err());

    let new = certify(folder.path());
    let served = eventually("the new one is served", async || {
        page(&service, &new).await.ok()
    });
    assert_eq!(served.await, 200);
    assert!(
        page(&service, &old).await.is_err(),
        "nobody is shown the old"
    );
}
