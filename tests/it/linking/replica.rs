//! Replicas of connect in this process, beside a pipeline.

use std::collections::HashMap;

use harness::{API_KEY, PROJECT, Pipeline, WITHIN, eventually};
use reqwest::StatusCode;
use stackone_connect::{Application, Config, RunError};
use stackone_link_transport::KafkaConfig;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Calls, SERVICE_TOKEN, TOKEN_KEY};

/// A replica that runs.
pub(crate) struct Replica {
    pub(crate) calls: Calls,
    /// Where its operators look.
    pub(crate) admin: String,
    stop: CancellationToken,
    running: JoinHandle<Result<(), RunError>>,
    /// Secrets are read again.
    _folder: TempDir,
}

impl Replica {
    /// One that comes to the brokers so, for the pipeline's topics and its StackOne.
    pub(crate) fn start(pipeline: &Pipeline, kafka: KafkaConfig) -> Self {
        let folder = TempDir::new().unwrap();
        let token = folder.path().join("service-token");
        std::fs::write(&token, SERVICE_TOKEN).unwrap();
        let text = format!(
            "[[service_tokens]]\nname = 'backend'\nfile = '{}'\n[[projects]]\nid = '{PROJECT}'\n\
             base_url = '{}'\napi_key_env = 'STACKONE_CONNECT_API_KEY'\n",
            token.display(),
            pipeline.simulator.api_url()
        );
        let file = folder.path().join("connect.toml");
        std::fs::write(&file, text).unwrap();
        let environment = [
            ("STACKONE_CONNECT_TOKEN_KEY", TOKEN_KEY),
            ("STACKONE_CONNECT_API_KEY", API_KEY),
            ("CONNECT__SERVER__LISTEN", "127.0.0.1:0"),
            ("CONNECT__SERVER__WORKERS", "1"),
            ("CONNECT__ADMIN__LISTEN", "127.0.0.1:0"),
            (
                "CONNECT__KAFKA__BOOTSTRAP_SERVERS",
                &kafka.bootstrap_servers,
            ),
            ("CONNECT__LOOK__ENABLED", "true"),
            // On a busy machine reading back takes a while.
            ("CONNECT__SESSIONS__READ_BACK_DEADLINE", "30s"),
            // A test mints tokens faster than any tenant.
            ("CONNECT__STACKONE__REQUESTS_PER_MINUTE", "6000"),
            ("CONNECT__SHUTDOWN__DRAIN_DELAY", "0s"),
        ];
        let pairs = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut config = Config::load(Some(&file), &HashMap::from(pairs)).unwrap();
        config.settings.topics = pipeline.topics.clone();
        config.settings.kafka.security = kafka.security;
        config.settings.kafka.properties.extend(kafka.properties);
        let application = Application::build(&config).unwrap();
        let calls = Calls::new(application.public_addr());
        let admin = format!("http://{}", application.admin_addr());
        let stop = CancellationToken::new();
        let running = tokio::spawn(application.run(stop.clone()));
        Self {
            calls,
            admin,
            stop,
            running,
            _folder: folder,
        }
    }

    /// One that has read everything.
    pub(crate) async fn ready(pipeline: &Pipeline, kafka: KafkaConfig) -> Self {
        let replica = Self::start(pipeline, kafka);
        let is_ready = eventually("connect is ready", WITHIN, async || {
            let (status, says) = replica.readiness().await;
            (status == StatusCode::OK).then_some(()).ok_or(says)
        });
        is_ready.await.unwrap();
        replica
    }

    /// What `/readyz` answers.
    pub(crate) async fn readiness(&self) -> (StatusCode, String) {
        let answer = reqwest::get(format!("{}/readyz", self.admin)).await;
        let answer = answer.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    pub(crate) async fn stopped(self) {
        self.stop.cancel();
        self.running.await.unwrap().unwrap();
    }
}
