//! The files that browsers load. Every file is the same for everybody and holds no secret.

use actix_web::HttpResponse;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY,
};
use actix_web::web::{Data, Path};

use crate::connect::Connect;
use crate::problem::{Problem, Reason};

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! web {
    ($file:literal) => {
        include_str!(concat!("../../web/", $file))
    };
}

/// The element and its parts, by the last segment of their addresses.
const PARTS: [(&str, &str); 9] = [
    ("attempt", web!("connect/attempt.js")),
    ("dialog", web!("connect/dialog.js")),
    ("hub", web!("connect/hub.js")),
    ("language", web!("connect/language.js")),
    ("session", web!("connect/session.js")),
    ("texts.de", web!("connect/texts.de.js")),
    ("texts.en", web!("connect/texts.en.js")),
    ("texts.es", web!("connect/texts.es.js")),
    ("texts.fr", web!("connect/texts.fr.js")),
];

/// Serves the page of a mailed link. It is the same for every id and does nothing by itself.
pub(super) async fn link(connect: Data<Connect>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, connect.hub.policy.as_str()))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header(("cross-origin-opener-policy", "same-origin-allow-popups"))
        .body(web!("link.html"))
}

pub(super) async fn script(name: Path<String>) -> Result<HttpResponse, Problem> {
    match name.as_str() {
        "connect" => Ok(embeddable(web!("connect.js"))),
        "link" => Ok(HttpResponse::Ok()
            .content_type(JAVASCRIPT)
            .body(web!("link.js"))),
        _ => Err(Reason::UnknownPath.into()),
    }
}

pub(super) async fn part(name: Path<String>) -> Result<HttpResponse, Problem> {
    let part = PARTS.iter().find(|(part, _)| *part == name.as_str());
    let (_, text) = part.ok_or(Reason::UnknownPath)?;
    Ok(embeddable(text))
}

pub(super) async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .body(web!("link.css"))
}

/// Serves the Hub's script, whose file name is its hash.
pub(super) async fn hub(
    file: Path<String>,
    connect: Data<Connect>,
) -> Result<HttpResponse, Problem> {
    let served = connect
        .hub
        .served
        .as_ref()
        .filter(|(name, _)| *name == *file);
    let (_, bytes) = served.ok_or(Reason::UnknownPath)?;
    Ok(HttpResponse::Ok()
        .content_type(JAVASCRIPT)
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header(("cross-origin-resource-policy", "cross-origin"))
        .body(bytes.clone()))
}

/// Serves a file that pages of other origins load.
fn embeddable(text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(JAVASCRIPT)
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header(("cross-origin-resource-policy", "cross-origin"))
        .body(text)
}
