//! The admin listener: `/livez`, `/readyz`, `/metrics`.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::{App, HttpResponse, HttpServer, web};
use prometheus::TextEncoder;
use serde::Serialize;

use crate::metrics::Metrics;

/// The answers of the probes.
#[derive(Clone)]
pub struct Health {
    stall: Arc<dyn Fn() -> Option<String> + Send + Sync>,
    checks: Arc<dyn Fn() -> Vec<ReadinessCheck> + Send + Sync>,
    metrics: Arc<Metrics>,
}

/// A condition of readiness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadinessCheck {
    /// The name of the condition in `/readyz`.
    #[serde(skip)]
    pub name: &'static str,
    /// Whether the condition holds.
    pub ok: bool,
    /// Why it does not hold, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ReadinessCheck {
    /// Makes a condition that holds where there is no reason against it.
    #[must_use]
    pub const fn of(name: &'static str, reason: Option<String>) -> Self {
        Self {
            name,
            ok: reason.is_none(),
            reason,
        }
    }

    /// Makes a condition that holds unless `is_the_case`.
    #[must_use]
    pub fn unless(name: &'static str, is_the_case: bool, reason: &str) -> Self {
        Self::of(name, is_the_case.then(|| reason.to_owned()))
    }
}

impl Health {
    /// `stall` returns why the process counts as dead, or `None`; `checks` returns the conditions
    /// of readiness. Both are called for each request.
    pub fn new(
        metrics: Arc<Metrics>,
        stall: impl Fn() -> Option<String> + Send + Sync + 'static,
        checks: impl Fn() -> Vec<ReadinessCheck> + Send + Sync + 'static,
    ) -> Self {
        Self {
            stall: Arc::new(stall),
            checks: Arc::new(checks),
            metrics,
        }
    }
}

/// Binds the admin listener; port 0 takes a free one.
///
/// # Errors
///
/// Fails where the address cannot be bound.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves the admin endpoints.
///
/// # Errors
///
/// Fails where the listener cannot be used.
pub fn serve(listener: TcpListener, health: Health) -> std::io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(health.clone()))
            .route("/livez", web::get().to(livez))
            .route("/readyz", web::get().to(readyz))
            .route("/metrics", web::get().to(metrics))
            .route("/livez", web::head().to(livez))
            .route("/readyz", web::head().to(readyz))
            .route("/metrics", web::head().to(metrics))
    });
    Ok(server
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)?
        .run())
}

/// Answers whether the process makes progress. An outage of Kafka or of the API never changes that.
async fn livez(health: web::Data<Health>) -> HttpResponse {
    match (health.stall)() {
        None => HttpResponse::Ok().body("ok\n"),
        Some(reason) => HttpResponse::ServiceUnavailable().body(format!("{reason}\n")),
    }
}

async fn readyz(health: web::Data<Health>) -> HttpResponse {
    let checks = (health.checks)();
    let ready = checks.iter().all(|check| check.ok);
    let mut response = if ready {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    let checks: BTreeMap<&str, &ReadinessCheck> =
        checks.iter().map(|check| (check.name, check)).collect();
    response.json(serde_json::json!({ "ready": ready, "checks": checks }))
}

async fn metrics(health: web::Data<Health>) -> HttpResponse {
    let mut families = health.metrics.registry().gather();
    families.extend(prometheus::gather());
    match TextEncoder::new().encode_to_string(&families) {
        Ok(text) => HttpResponse::Ok()
            .content_type("text/plain; version=0.0.4")
            .body(text),
        Err(error) => HttpResponse::InternalServerError().body(format!("{error}\n")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;
    use std::time::Duration;

    use stackone_link_process::spawn::spawn_blocking;

    use super::*;
    use crate::tasks;

    const WITHIN: Duration = Duration::from_secs(60);

    #[tokio::test(flavor = "multi_thread")]
    async fn head_is_answered_as_get_without_the_body() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let metrics = Arc::new(Metrics::new().unwrap());
        let mut server = serve(listener, Health::new(metrics, || None, Vec::new)).unwrap();
        let asking = spawn_blocking(tasks::PROBE, move || {
            ["/livez", "/readyz", "/metrics"].map(|path| {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.set_read_timeout(Some(WITHIN)).unwrap();
                let head = format!("HEAD {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
                stream.write_all(head.as_bytes()).unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).unwrap();
                answer
            })
        });
        let answers = tokio::select! {
            answers = asking => answers.unwrap(),
            ended = &mut server => panic!("{ended:?}"),
        };
        for answer in answers {
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            assert!(answer.ends_with("\r\n\r\n"), "{answer}");
        }
    }
}
