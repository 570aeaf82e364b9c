//! Connect as a process of its own, whose host product begins links.

use std::time::Duration;

use harness::{API_KEY, PROJECT, Pipeline, ServiceProcess, program};
use tempfile::TempDir;
use tokio::process::Command;

use super::entry::is_ready;
use crate::linking::{Calls, SERVICE_TOKEN, TOKEN_KEY};

/// A running connect; killed when dropped.
pub(super) struct Connect {
    calls: Calls,
    process: ServiceProcess,
    /// Secrets are read again.
    _files: TempDir,
}

impl Connect {
    /// Starts one that comes to the broker as the pipeline's processor does, and waits until it is
    /// ready.
    pub(super) async fn start(pipeline: &Pipeline) -> Self {
        let files = TempDir::new().unwrap();
        let file = |name: &str, text: &str| {
            let path = files.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let config = config(
            pipeline,
            [
                file("token-key", TOKEN_KEY),
                file("service-token", SERVICE_TOKEN),
                file("api-key", API_KEY),
            ]
            .map(|path| path.display().to_string()),
        );
        let mut command = Command::new(program("connect"));
        command.arg("--config").arg(file("connect.toml", &config));
        command
            .env_clear()
            .env("CONNECT__KAFKA__ACK_DEADLINE", "30s");
        let process = ServiceProcess::start(command).await;
        let connect = Self {
            calls: Calls::new(process.public.unwrap()),
            process,
            _files: files,
        };
        connect.is_ready().await;
        connect
    }

    /// Waits until it is ready.
    pub(super) async fn is_ready(&self) {
        is_ready(&self.process.admin).await;
    }

    /// A host product begins a link: connect has written that, and has read it back. The status.
    pub(super) async fn begins_a_link(&self, tenant: &str) -> u16 {
        let (status, _session) = self.calls.asked_for(tenant, None).await;
        status.as_u16()
    }

    /// Waits for so many lines of its log with this text.
    pub(super) async fn says_times(&self, text: &str, times: usize, within: Duration) {
        self.process.says_times(text, times, within).await;
    }
}

fn config(pipeline: &Pipeline, [token_key, service_token, api_key]: [String; 3]) -> String {
    let [_, kafka] = pipeline.broker.kafka_configs_of_services();
    let (kafka, topics) = (
        toml::to_string(&toml::Table::from_iter([(
            "kafka".to_owned(),
            toml::Value::try_from(kafka).unwrap(),
        )])),
        toml::to_string(&pipeline.topics),
    );
    let (kafka, topics, api) = (
        kafka.unwrap(),
        topics.unwrap(),
        pipeline.simulator.api_url(),
    );
    format!(
        r#"
server = {{ listen = "127.0.0.1:0", header_deadline = "3m" }}
admin = {{ listen = "127.0.0.1:0" }}
sessions = {{ read_back_deadline = "60s" }}
tokens = {{ keys = [{{ name = "test", file = "{token_key}" }}] }}
{kafka}
[topics]
{topics}
[[service_tokens]]
name = "backend"
file = "{service_token}"
[[projects]]
id = "{PROJECT}"
api_key_file = "{api_key}"
base_url = "{api}"
"#
    )
}
