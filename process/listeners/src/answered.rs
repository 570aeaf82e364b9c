//! What a connection knows of the requests on it.

use actix_web::dev::ServiceResponse;
use stackone_link_process::spawn::{Name, entered};
use tokio::time::Instant;

use crate::phase::Phase;

/// Tells the connection of a request that it is being served, and what comes after it.
pub(crate) async fn answered<B, E>(
    phase: Option<Phase>,
    name: Name,
    answer: impl Future<Output = Result<ServiceResponse<B>, E>>,
) -> Result<ServiceResponse<B>, E> {
    let phase = phase.inspect(Phase::serves);
    entered(name);
    let answer = answer.await;
    if let Some(phase) = phase {
        let keeps = |answer: &ServiceResponse<B>| answer.response().head().keep_alive();
        match answer.as_ref().is_ok_and(keeps) {
            true => phase.waits(Instant::now()),
            false => phase.closes(Instant::now()),
        }
    }
    answer
}
