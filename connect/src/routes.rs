//! Every route of both listeners, on one screen.

mod accounts;
mod body;
mod callers;
mod observe;
mod ops;
mod pages;
mod sessions;

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

use crate::problem::{Problem, Reason};
use observe::observe;

pub(crate) use accounts::{AccountDocument, AccountsPage};
pub(crate) use sessions::{
    ClientSession, CreatedSession, HintRequest, MintedToken, OpenedSession, SessionDocument,
    SessionsPage,
};

/// The public listener.
pub(crate) fn public(app: &mut ServiceConfig) {
    app.service(
        web::scope("/v1")
            .wrap(from_fn(observe))
            .service(
                web::resource("/link-sessions")
                    .route(web::post().to(sessions::create))
                    .route(web::get().to(sessions::list))
                    .default_service(web::to(method_not_allowed)),
            )
            .service(one("/link-sessions/{id}", web::get().to(sessions::read)))
            .service(one(
                "/link-sessions/{id}/events",
                web::get().to(sessions::events),
            ))
            .service(one(
                "/link-sessions/{id}/open",
                web::post().to(sessions::open),
            ))
            .service(one(
                "/link-sessions/{id}/token",
                web::post().to(sessions::token),
            ))
            .service(one(
                "/link-sessions/{id}/linked",
                web::post().to(sessions::linked),
            ))
            .service(one(
                "/link-sessions/{id}/cancel",
                web::post().to(sessions::cancel),
            ))
            .service(one("/accounts", web::get().to(accounts::list)))
            .service(
                web::resource("/accounts/{id}")
                    .route(web::get().to(accounts::read))
                    .route(web::delete().to(accounts::delete))
                    .default_service(web::to(method_not_allowed)),
            )
            .default_service(web::to(unknown_path)),
    );
    app.service(
        web::scope("")
            .wrap(from_fn(observe))
            .service(one("/link/{id}", web::get().to(pages::link)))
            .service(one("/{name}.js", web::get().to(pages::script)))
            .service(one("/connect/{name}.js", web::get().to(pages::part)))
            .service(one("/link.css", web::get().to(pages::style)))
            .service(one("/hub/{file}", web::get().to(pages::hub)))
            .default_service(web::to(unknown_path)),
    );
}

fn one(path: &str, route: actix_web::Route) -> actix_web::Resource {
    web::resource(path)
        .route(route)
        .default_service(web::to(method_not_allowed))
}

/// The operators' listener.
pub(crate) fn admin(app: &mut ServiceConfig) {
    app.route("/livez", web::get().to(ops::livez));
    app.route("/readyz", web::get().to(ops::readyz));
    app.route("/metrics", web::get().to(ops::metrics));
}

async fn method_not_allowed() -> Result<actix_web::HttpResponse, Problem> {
    Err(Reason::MethodNotAllowed.into())
}

async fn unknown_path() -> Result<actix_web::HttpResponse, Problem> {
    Err(Reason::UnknownPath.into())
}
