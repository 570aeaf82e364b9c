//! The routes of both listeners, on one screen.

mod accounts;
mod body;
mod callers;
mod observe;
mod ops;
mod pages;
mod sessions;

use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::web::{self, PathConfig, QueryConfig, ServiceConfig};
use actix_web::{
    FromRequest, Handler, HttpResponse, Resource, Responder, ResponseError as _, Route, guard,
};

use crate::problem::{Problem, Reason};
use observe::observe;

pub(crate) use accounts::{AccountDocument, AccountsPage};
pub(crate) use sessions::{
    ClientSession, CreatedSession, HintRequest, MintedToken, OpenedSession, SessionDocument,
    SessionsPage,
};

/// Registers the routes of the public listener.
pub(crate) fn public(app: &mut ServiceConfig) {
    refusals(app);
    app.service(
        web::scope("/v1")
            .wrap(from_fn(observe))
            .service(
                web::resource("/link-sessions")
                    .route(web::post().to(sessions::create))
                    .route(web::get().to(sessions::list))
                    .default_service(other_method("GET, POST")),
            )
            .service(get("/link-sessions/{id}", sessions::read))
            .service(get("/link-sessions/{id}/events", sessions::events))
            .service(post("/link-sessions/{id}/open", sessions::open))
            .service(post("/link-sessions/{id}/token", sessions::token))
            .service(post("/link-sessions/{id}/linked", sessions::linked))
            .service(post("/link-sessions/{id}/cancel", sessions::cancel))
            .service(get("/accounts", accounts::list))
            .service(
                web::resource("/accounts/{id}")
                    .route(web::get().to(accounts::read))
                    .route(web::delete().to(accounts::delete))
                    .default_service(other_method("GET, DELETE")),
            )
            .default_service(web::to(unknown_path)),
    );
    app.service(
        web::scope("")
            .wrap(from_fn(observe))
            .service(get("/link/{id}", pages::link))
            .service(get("/{name}.js", pages::script))
            .service(get("/connect/{name}.js", pages::part))
            .service(get("/link.css", pages::style))
            .service(get("/hub/{file}", pages::hub))
            .default_service(web::to(unknown_path)),
    );
}

fn get<H, A>(path: &str, handler: H) -> Resource
where
    H: Handler<A, Output: Responder + 'static>,
    A: FromRequest + 'static,
{
    let route = web::get().to(handler);
    web::resource(path)
        .route(route)
        .default_service(other_method("GET"))
}

fn post<H, A>(path: &str, handler: H) -> Resource
where
    H: Handler<A, Output: Responder + 'static>,
    A: FromRequest + 'static,
{
    let route = web::post().to(handler);
    web::resource(path)
        .route(route)
        .default_service(other_method("POST"))
}

/// Answers methods that a path does not allow, and names the `allowed` ones.
fn other_method(allowed: &'static str) -> Route {
    web::to(move || async move {
        let mut refused = Problem::from(Reason::MethodNotAllowed).error_response();
        let allowed = HeaderValue::from_static(allowed);
        refused.headers_mut().insert(ALLOW, allowed);
        refused
    })
}

/// Answers requests whose path, query or body actix cannot read, in the form of all other refusals.
fn refusals(app: &mut ServiceConfig) {
    let query = QueryConfig::default();
    app.app_data(
        query.error_handler(|_unreadable, _| Problem::from(Reason::MalformedRequest).into()),
    );
    let path = PathConfig::default();
    app.app_data(path.error_handler(|_unreadable, _| Problem::from(Reason::NotFound).into()));
}

/// Registers the routes of the operators' listener.
pub(crate) fn admin(app: &mut ServiceConfig) {
    app.route("/livez", get_or_head().to(ops::livez));
    app.route("/readyz", get_or_head().to(ops::readyz));
    app.route("/metrics", get_or_head().to(ops::metrics));
}

/// Accepts HEAD as well: some probes ask for no more than the head of the answer.
fn get_or_head() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

async fn unknown_path() -> Result<HttpResponse, Problem> {
    Err(Reason::UnknownPath.into())
}
