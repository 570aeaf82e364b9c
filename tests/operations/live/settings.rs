//! Settings of the services: production's, with shorter waits.

use std::path::{Path, PathBuf};

use harness::{API_KEY, Broker, PROJECT, SECRET};
use stackone_link_wire::Topics;
use stackone_simulator::Simulator;

/// What the backend of the host product shows to connect.
pub(crate) const SERVICE_TOKEN: &str = "a-service-token-of-the-tests-do-not-use";
const TOKEN_KEY: &str = "a-key-of-client-tokens-of-the-tests";

/// Where secrets and settings are.
pub(crate) struct Files<'a>(pub(crate) &'a Path);

impl Files<'_> {
    /// The file of the webhook secret.
    pub(crate) fn secret(&self) -> PathBuf {
        self.0.join("webhook-secret")
    }

    /// The file of the API key.
    pub(crate) fn api_key(&self) -> PathBuf {
        self.0.join("api-key")
    }

    /// The file of connect's service token.
    pub(crate) fn service_token(&self) -> PathBuf {
        self.0.join("service-token")
    }

    fn token_key(&self) -> PathBuf {
        self.0.join("token-key")
    }

    /// Writes all as they must be.
    pub(crate) fn put_secrets_in_place(&self) {
        std::fs::write(self.secret(), SECRET).unwrap();
        std::fs::write(self.api_key(), API_KEY).unwrap();
        std::fs::write(self.service_token(), SERVICE_TOKEN).unwrap();
        std::fs::write(self.token_key(), TOKEN_KEY).unwrap();
    }

    /// Writes the settings of ingest. It gives Kafka a second, so that an outage is seen soon.
    pub(crate) fn ingest(&self, broker: &Broker, topics: &Topics) -> PathBuf {
        let (servers, secret) = (broker.bootstrap_servers(), self.secret());
        let topics = toml::to_string(topics).unwrap();
        self.write(
            "ingest.toml",
            &format!(
                r#"
server = {{ listen = "127.0.0.1:0" }}
admin = {{ listen = "127.0.0.1:0" }}
publish = {{ ack_deadline = "1s", stall_after = "1s" }}
kafka = {{ bootstrap_servers = "{servers}" }}
[topics]
{topics}
[[sources]]
name = "default"
secrets = [{{ name = "test", file = "{}" }}]
"#,
                secret.display()
            ),
        )
    }

    /// Writes the settings of the processor. It lists the accounts every three seconds.
    pub(crate) fn processor(
        &self,
        broker: &Broker,
        topics: &Topics,
        simulator: &Simulator,
    ) -> PathBuf {
        let (servers, key, api) = (
            broker.bootstrap_servers(),
            self.api_key(),
            simulator.api_url(),
        );
        let topics = toml::to_string(topics).unwrap();
        self.write(
            "processor.toml",
            &format!(
                r#"
admin = {{ listen = "127.0.0.1:0" }}
group = {{ id = "operations", instance_id = "a", session_timeout = "6s" }}
reconcile = {{ activation_grace = "2s", delete_grace = "2s", delete_confirm = "1s", vanish_grace = "3s", lag_recheck = "200ms" }}
resync = {{ interval = "3s", requests_per_minute = 600 }}
lookups = {{ timeout = "2s" }}
kafka = {{ bootstrap_servers = "{servers}" }}
topic_layout = {{ check_settings = false }}
[topics]
{topics}
[[projects]]
id = "{PROJECT}"
api_key_file = "{}"
base_url = "{api}"
requests_per_minute = 60000
"#,
                key.display()
            ),
        )
    }

    /// Writes the settings of connect. Reading back takes a while on a busy machine.
    pub(crate) fn connect(
        &self,
        broker: &Broker,
        topics: &Topics,
        simulator: &Simulator,
    ) -> PathBuf {
        let (servers, api) = (broker.bootstrap_servers(), simulator.api_url());
        let topics = toml::to_string(topics).unwrap();
        self.write(
            "connect.toml",
            &format!(
                r#"
server = {{ listen = "127.0.0.1:0", header_deadline = "3m" }}
admin = {{ listen = "127.0.0.1:0" }}
limits = {{ sessions_per_tenant_and_hour = 100000, tokens_per_tenant_and_hour = 100000 }}
sessions = {{ read_back_deadline = "60s" }}
look = {{ enabled = true }}
kafka = {{ bootstrap_servers = "{servers}", ack_deadline = "30s", properties = {{ "fetch.wait.max.ms" = "20" }} }}
tokens = {{ keys = [{{ name = "test", file = "{}" }}] }}
[topics]
{topics}
[[service_tokens]]
name = "backend"
file = "{}"
[[projects]]
id = "{PROJECT}"
api_key_file = "{}"
base_url = "{api}"
"#,
                self.token_key().display(),
                self.service_token().display(),
                self.api_key().display()
            ),
        )
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.0.join(name);
        std::fs::write(&file, text).unwrap();
        file
    }
}
