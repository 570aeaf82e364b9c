//! A broker that lets nobody in without a certificate or a password, and allows nothing that no ACL
//! says.

mod certificates;
mod tokens;

use std::path::PathBuf;

use anyhow::Context;
use stackone_link_transport::{KafkaConfig, Security};
use tempfile::TempDir;
use testcontainers::core::IntoContainerPort;
use testcontainers::{ContainerRequest, GenericImage, ImageExt};

use super::Broker;
use super::container::{KafkaContainer, image, request};
use crate::free_port;
use certificates::Certificates;
use tokens::{JWKS, Tokens};

/// The listener for SASL over TLS. No listener's name ends in SSL: there the official image wants
/// key stores of its own.
const SASL: u16 = 9092;
/// The one for mutual TLS.
const MUTUAL: u16 = 9095;
/// The one for whoever sets the broker up, who may do everything.
const ADMIN: u16 = 9096;
/// The one for OAUTHBEARER over TLS.
const TOKEN: u16 = 9097;

/// The common name of the client's certificate.
const COMMON_NAME: &str = "stackone-link";
/// A user who may do everything, for tests of who is let in.
const ANYONE: &str = "anyone";

/// Apache Kafka in a container that requires TLS, and SASL or a client's certificate, with the
/// `StandardAuthorizer` on.
pub struct SecuredBroker {
    kafka: KafkaContainer,
    files: TempDir,
    certificates: Certificates,
    tokens: Tokens,
    mutual: String,
    admin: String,
    oauth: String,
}

impl SecuredBroker {
    /// Starts one that knows these users and their passwords by the mechanism PLAIN.
    ///
    /// # Errors
    ///
    /// Where it does not start.
    pub async fn start(users: &[(String, String)]) -> anyhow::Result<Self> {
        let image = image()?;
        let certificates = Certificates::new(COMMON_NAME)?;
        let tokens = Tokens::new()?;
        let (sasl, mutual) = (free_port()?, free_port()?);
        let (admin, oauth) = (free_port()?, free_port()?);
        let request = secured(
            request(&image, sasl),
            [sasl, mutual, admin, oauth],
            users,
            &certificates,
        );
        let request = request.with_copy_to(JWKS, tokens.jwks().into_bytes());
        let kafka = KafkaContainer::of(request, sasl).await;
        Ok(Self {
            kafka: kafka.with_context(|| format!("image {}:{}", image.0, image.1))?,
            files: certificates.files()?,
            certificates,
            tokens,
            mutual: format!("127.0.0.1:{mutual}"),
            admin: format!("127.0.0.1:{admin}"),
            oauth: format!("127.0.0.1:{oauth}"),
        })
    }

    /// `host:port` of the listener for SASL over TLS.
    #[must_use]
    pub fn sasl(&self) -> &str {
        &self.kafka.bootstrap_servers
    }

    /// `host:port` of the listener for mutual TLS.
    #[must_use]
    pub fn mutual(&self) -> &str {
        &self.mutual
    }

    /// `host:port` of the listener for OAUTHBEARER over TLS, where each connection has to come with
    /// another token every 10 s.
    #[must_use]
    pub fn oauth(&self) -> &str {
        &self.oauth
    }

    /// A token that the broker takes for that of [`Self::anyone`], that began so many seconds ago
    /// and ends in so many; `claims` are said as well, or instead.
    #[must_use]
    pub fn token(&self, times: [i64; 2], claims: serde_json::Value) -> String {
        self.tokens.sign(ANYONE, times, claims)
    }

    /// A broker for a [`crate::Pipeline`] whose services come to `servers` with these settings; the
    /// harness comes by the listener for administration.
    #[must_use]
    pub fn for_services(&self, servers: &str, ingest: Security, processor: Security) -> Broker {
        let services = [ingest, processor].map(|security| KafkaConfig {
            security,
            ..KafkaConfig::plaintext(servers)
        });
        Broker {
            services: Some(Box::new(services)),
            ..Broker::external(self.admin.clone())
        }
    }

    /// The name of a user who may do everything; known to the broker if it is among the users it
    /// was started with.
    #[must_use]
    pub const fn anyone() -> &'static str {
        ANYONE
    }

    /// Settings for clients that may do everything.
    #[must_use]
    pub fn admin(&self) -> KafkaConfig {
        KafkaConfig::plaintext(&self.admin)
    }

    /// A file in PEM: `ca` signed the broker's certificate, `other-ca` did not, and `client` with
    /// its `client-key` is ours.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// Certificate and key of a client of this common name, in PEM, signed by the `ca` of
    /// [`Self::file`].
    ///
    /// # Errors
    ///
    /// Where they cannot be made.
    pub fn certificate_of(&self, name: &str) -> anyhow::Result<[String; 2]> {
        self.certificates.of_client(name)
    }

    /// Lets a user do everything, or nothing any more: each request of a connection that stands is
    /// refused, too.
    ///
    /// # Errors
    ///
    /// Where that is not possible.
    pub async fn allow_all(&self, user: &str, is_allowed: bool) -> anyhow::Result<()> {
        let change = if is_allowed { "--add" } else { "--remove" };
        let all = "--operation All --topic '*' --group '*' --transactional-id '*' --cluster";
        let principal = format!("--allow-principal 'User:{user}'");
        let acls = format!("kafka-acls.sh $KAFKA_ADMIN {change} --force {principal} {all}");
        self.run(&acls).await.map(drop)
    }

    /// Runs a script beside the broker, with Kafka's tools on its path and `$KAFKA_ADMIN` for who
    /// may do everything.
    ///
    /// # Errors
    ///
    /// Where it fails.
    pub async fn run(&self, script: &str) -> anyhow::Result<String> {
        let script = format!(
            "export PATH=/opt/kafka/bin:$PATH KAFKA_ADMIN='--bootstrap-server localhost:9093'\n{script}"
        );
        self.kafka.run(&script).await
    }
}

fn secured(
    request: ContainerRequest<GenericImage>,
    ports: [u16; 4],
    users: &[(String, String)],
    certificates: &Certificates,
) -> ContainerRequest<GenericImage> {
    let [_, mutual, admin, oauth] = ports;
    let request = request
        .with_mapped_port(mutual, MUTUAL.tcp())
        .with_mapped_port(admin, ADMIN.tcp())
        .with_mapped_port(oauth, TOKEN.tcp())
        .with_copy_to("/tmp/tls/broker.pem", certificates.broker().into_bytes())
        .with_copy_to("/tmp/tls/ca.pem", certificates.authority().into_bytes());
    let constant = CONSTANT.map(|(name, value)| (name, value.to_owned()));
    let settings = constant
        .into_iter()
        .chain(listeners(ports))
        .chain(logins(users))
        .chain(tokens::validator());
    settings.fold(request, |request, (name, value)| {
        request.with_env_var(format!("KAFKA_{name}"), value)
    })
}

const CONSTANT: [(&str, &str); 9] = [
    // As connections with tokens: a password that is gone lets nobody stay.
    (
        "LISTENER_NAME_CLIENT_SCRAM___SHA___512_CONNECTIONS_MAX_REAUTH_MS",
        "10000",
    ),
    (
        "LISTENER_SECURITY_PROTOCOL_MAP",
        "CLIENT:SASL_SSL,OAUTH:SASL_SSL,MUTUAL:SSL,ADMIN:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
    ),
    (
        "SASL_ENABLED_MECHANISMS",
        "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    ),
    ("LISTENER_NAME_MUTUAL_SSL_CLIENT_AUTH", "required"),
    ("SSL_KEYSTORE_TYPE", "PEM"),
    ("SSL_KEYSTORE_LOCATION", "/tmp/tls/broker.pem"),
    ("SSL_TRUSTSTORE_TYPE", "PEM"),
    ("SSL_TRUSTSTORE_LOCATION", "/tmp/tls/ca.pem"),
    (
        "AUTHORIZER_CLASS_NAME",
        "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    ),
];

fn listeners([sasl, mutual, admin, oauth]: [u16; 4]) -> [(&'static str, String); 2] {
    let inside = format!(
        "CLIENT://0.0.0.0:{SASL},MUTUAL://0.0.0.0:{MUTUAL},ADMIN://0.0.0.0:{ADMIN},OAUTH://0.0.0.0:{TOKEN}"
    );
    let outside = format!(
        "CLIENT://127.0.0.1:{sasl},MUTUAL://127.0.0.1:{mutual},ADMIN://127.0.0.1:{admin},OAUTH://127.0.0.1:{oauth}"
    );
    let broker = "BROKER://localhost:9093";
    [
        (
            "LISTENERS",
            format!("{inside},{broker},CONTROLLER://localhost:9094"),
        ),
        ("ADVERTISED_LISTENERS", format!("{outside},{broker}")),
    ]
}

/// Who is known, and who may do everything: whoever comes without a name is the broker itself, or
/// comes by the listener for administration.
fn logins(users: &[(String, String)]) -> [(&'static str, String); 4] {
    let login = "org.apache.kafka.common.security";
    let users: String = users
        .iter()
        .map(|(name, password)| format!(" user_{name}=\"{password}\""))
        .collect();
    let scram = format!("{login}.scram.ScramLoginModule required;");
    [
        (
            "LISTENER_NAME_CLIENT_PLAIN_SASL_JAAS_CONFIG",
            format!("{login}.plain.PlainLoginModule required{users};"),
        ),
        (
            "LISTENER_NAME_CLIENT_SCRAM___SHA___256_SASL_JAAS_CONFIG",
            scram.clone(),
        ),
        (
            "LISTENER_NAME_CLIENT_SCRAM___SHA___512_SASL_JAAS_CONFIG",
            scram,
        ),
        (
            "SUPER_USERS",
            format!("User:ANONYMOUS;User:{ANYONE};User:CN={COMMON_NAME}"),
        ),
    ]
}
