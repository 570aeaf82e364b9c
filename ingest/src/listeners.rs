//! The two listeners: their routes, and what every request to them is held to.

mod expect;
mod observation;
mod routes;

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::web::{Data, ServiceConfig};
use stackone_link_listeners::tls::Tls;
use stackone_link_listeners::{ConnectionTasks, ListenError, PublicListener};

use crate::config::Settings;
use crate::ingest::Ingest;
use crate::tasks::{ADMIN_REQUEST, CONNECTION, REQUEST};

/// Binds the public listener. It serves once the [`Server`] is polled.
pub(crate) fn public_server(
    ingest: &Data<Ingest>,
    settings: &Settings,
    tls: Option<Arc<Tls>>,
) -> Result<(Server, SocketAddr), ListenError> {
    let (served, asked) = (ingest.clone(), ingest.clone());
    let listener = PublicListener {
        settings: settings.server.listener(&settings.shutdown),
        metrics: ingest.metrics.connections.clone(),
        tasks: ConnectionTasks {
            connection: CONNECTION,
            request: REQUEST,
        },
        configure: move |app: &mut ServiceConfig| {
            app.app_data(served.clone()).configure(routes::public);
        },
        refuse: move |request: &actix_http::Request| expect::refusal(&asked, request),
    };
    listener.bind(tls)
}

/// Binds the operators' listener.
pub(crate) fn admin_server(
    ingest: &Data<Ingest>,
    listen: SocketAddr,
) -> Result<(Server, SocketAddr), ListenError> {
    let (served, metrics) = (ingest.clone(), &ingest.metrics.connections);
    stackone_link_listeners::admin_server(
        listen,
        metrics,
        ADMIN_REQUEST,
        move |app: &mut ServiceConfig| {
            app.app_data(served.clone()).configure(routes::admin);
        },
    )
}
