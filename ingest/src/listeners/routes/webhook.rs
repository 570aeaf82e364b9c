//! `POST /webhooks/stackone/{source}`.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::accept::accept;
use crate::answer::outcome::Outcome;
use crate::answer::{self, Refusal};
use crate::auth::verified_webhook::VerifiedWebhook;
use crate::ingest::Ingest;

/// Answers 200 once the broker has the webhook's bytes, never before.
pub(super) async fn receive(
    webhook: VerifiedWebhook,
    ingest: Data<Ingest>,
) -> Result<HttpResponse, Refusal> {
    let accepted = accept(&ingest, &webhook).await?;
    Ok(answer::accepted(accepted.outcome, accepted.id))
}

pub(super) async fn method_not_allowed() -> Result<HttpResponse, Refusal> {
    Err(Outcome::MethodNotAllowed.into())
}

pub(super) async fn unknown_path() -> Result<HttpResponse, Refusal> {
    Err(Outcome::UnknownPath.into())
}
