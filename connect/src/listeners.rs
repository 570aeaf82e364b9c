//! Binds the two listeners, which do not serve yet.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::web::{Data, ServiceConfig};
use stackone_link_listeners::tls::Tls;
use stackone_link_listeners::{
    ConnectionTasks, ListenError, PublicListener, admin_server, refuse_none,
};

use crate::config::Settings;
use crate::connect::Connect;
use crate::routes;
use crate::tasks::{ADMIN_REQUEST, CONNECTION, REQUEST};

/// Binds the public listener.
pub(crate) fn public(
    connect: &Data<Connect>,
    settings: &Settings,
    tls: Option<Arc<Tls>>,
) -> Result<(Server, SocketAddr), ListenError> {
    let served = connect.clone();
    let listener = PublicListener {
        settings: settings.server.listener(settings.shutdown.deadline),
        metrics: connect.metrics.listeners().connections.clone(),
        tasks: ConnectionTasks {
            connection: CONNECTION,
            request: REQUEST,
        },
        configure: move |app: &mut ServiceConfig| {
            app.app_data(served.clone()).configure(routes::public);
        },
        refuse: refuse_none,
    };
    listener.bind(tls)
}

/// Binds the operators' listener.
pub(crate) fn admin(
    connect: &Data<Connect>,
    listen: SocketAddr,
) -> Result<(Server, SocketAddr), ListenError> {
    let served = connect.clone();
    let metrics = &connect.metrics.listeners().connections;
    admin_server(
        listen,
        metrics,
        ADMIN_REQUEST,
        move |app: &mut ServiceConfig| {
            app.app_data(served.clone()).configure(routes::admin);
        },
    )
}
