//! A host product to click through: the sample page of connect, and a backend that makes its link
//! sessions.
//!
//! It is signed in as one customer. What a real product does is in `connect/examples`.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, ServiceConfig};
use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::task::JoinHandle;
use url::Url;

use crate::config::StartError;
use crate::delivery::attempt::{describe, webhook_client};
use crate::servers::BoundServer;

/// The sample, which names connect's default address.
const PAGE: &str = include_str!("../../../connect/examples/page.html");
const ADDRESS_IN_PAGE: &str = "http://127.0.0.1:8084";
/// How long connect may take: it asks nobody before it answers.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a host product is started with.
#[derive(Debug, Clone)]
pub struct HostConfig {
    /// Where its page is.
    pub listen: SocketAddr,
    /// Where its backend and browsers reach connect.
    pub connect_url: Url,
    /// The service token of its backend.
    pub service_token: SecretString,
}

/// A host product that runs.
#[derive(Debug)]
pub struct HostProduct {
    address: SocketAddr,
    server: ServerHandle,
    running: JoinHandle<io::Result<()>>,
}

#[derive(Clone)]
struct Backend {
    client: Client,
    connect: String,
    service_token: SecretString,
}

impl HostProduct {
    /// Listens, and answers when this returns. Port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    pub fn start(config: HostConfig) -> Result<Self, StartError> {
        let bound = BoundServer::bind(config.listen)?;
        let address = bound.address;
        let backend = Backend {
            client: webhook_client(TIMEOUT)?,
            connect: config.connect_url.as_str().trim_end_matches('/').to_owned(),
            service_token: config.service_token,
        };
        let (running, server) = bound.serve(backend, routes)?;
        Ok(Self {
            address,
            server,
            running: tokio::spawn(running),
        })
    }

    /// The address of its page.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until it stops, which it does not by itself.
    ///
    /// # Errors
    ///
    /// When its server failed.
    pub async fn stopped(&mut self) -> io::Result<()> {
        (&mut self.running).await.map_err(io::Error::other)?
    }

    /// Stops it.
    pub async fn shutdown(self) {
        self.server.stop(false).await;
    }
}

fn routes(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(page))
        .route("/link-session", web::post().to(link_session))
        .route("/livez", web::get().to(HttpResponse::Ok));
}

async fn page(backend: Data<Backend>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        // The window of another system's sign-in has tokens in its address.
        .insert_header(("referrer-policy", "no-referrer"))
        .body(PAGE.replace(ADDRESS_IN_PAGE, &backend.connect))
}

/// Asks connect for a session of the customer that is signed in, never of one that the request
/// names.
async fn link_session(backend: Data<Backend>) -> HttpResponse {
    let body = json!({
        "tenant": { "id": "customer-1", "name": "Customer One" },
        "channel": "hub",
    });
    let request = backend
        .client
        .post(format!("{}/v1/link-sessions", backend.connect))
        .bearer_auth(backend.service_token.expose_secret())
        .header("content-type", "application/json")
        .body(body.to_string());
    match relayed(request).await {
        Ok(answer) => answer,
        Err(error) => HttpResponse::BadGateway().body(format!("connect: {}", describe(error))),
    }
}

async fn relayed(request: reqwest::RequestBuilder) -> Result<HttpResponse, reqwest::Error> {
    let answer = request.send().await?;
    let status = StatusCode::from_u16(answer.status().as_u16());
    let status = status.unwrap_or(StatusCode::BAD_GATEWAY);
    let body = answer.bytes().await?;
    Ok(HttpResponse::build(status)
        .content_type("application/json")
        .body(body))
}
