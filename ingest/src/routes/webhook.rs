//! `POST /webhooks/stackone/{source}`.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::error::{self, Refusal};
use crate::ingest::Ingest;
use crate::outcome::Outcome;
use crate::verified_webhook::VerifiedWebhook;

/// Answers 200 once the broker has the webhook's bytes, never before.
pub(super) async fn receive(
    webhook: VerifiedWebhook,
    ingest: Data<Ingest>,
) -> Result<HttpResponse, Refusal> {
    let accepted = ingest.accept(&webhook).await?;
    Ok(error::accepted(accepted.outcome, accepted.id))
}

pub(super) async fn method_not_allowed() -> Result<HttpResponse, Refusal> {
    Err(Outcome::MethodNotAllowed.into())
}

pub(super) async fn unknown_path() -> Result<HttpResponse, Refusal> {
    Err(Outcome::UnknownPath.into())
}
