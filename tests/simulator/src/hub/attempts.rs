//! OAuth attempts, which the Hub begins and then asks about every two seconds.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::api::error::ApiError;
use crate::api::exchange::Reply;
use crate::fault::{Fault, Operation};
use crate::hub::access::with_session;
use crate::session::{Attempt, AttemptOutcome, AttemptStatus};
use crate::simulator::Simulator;

/// `POST /hub/connection_attempts`
pub(super) async fn begin(request: HttpRequest, simulator: Data<Simulator>) -> HttpResponse {
    with_session(
        &request,
        &simulator,
        Operation::HubAttempt,
        None,
        |session, _| {
            let attempt = simulator.begin_attempt(session);
            Ok(Reply::Json(
                StatusCode::CREATED,
                json!({ "id": attempt.id }),
            ))
        },
    )
    .await
}

/// `GET /hub/connection_attempts/{id}`
pub(super) async fn poll(
    request: HttpRequest,
    simulator: Data<Simulator>,
    id: Path<String>,
) -> HttpResponse {
    with_session(
        &request,
        &simulator,
        Operation::HubPoll,
        None,
        |session, fault| {
            let attempt = |simulator: &Simulator| {
                let attempt = simulator.attempt(session, &id);
                attempt.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND))
            };
            match fault.and_then(outcome_of) {
                // Whatever came of it: nobody hears of it while the fault is on.
                Some(outcome) if outcome.status == AttemptStatus::Pending => {
                    let pending = Attempt {
                        outcome,
                        ..attempt(&simulator)?
                    };
                    return Ok(Reply::Json(StatusCode::OK, pending.to_json()));
                }
                Some(outcome) => {
                    // Where it was decided already, that stands.
                    let _was_pending = simulator.decide(session, &id, outcome);
                }
                None => {}
            }
            Ok(Reply::Json(StatusCode::OK, attempt(&simulator)?.to_json()))
        },
    )
    .await
}

/// `DELETE /hub/connection_attempts/{id}`
pub(super) async fn cancel(
    request: HttpRequest,
    simulator: Data<Simulator>,
    id: Path<String>,
) -> HttpResponse {
    with_session(
        &request,
        &simulator,
        Operation::HubCancel,
        None,
        |session, _| {
            simulator
                .attempt(session, &id)
                .ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND))?;
            let cancelled = AttemptOutcome::of(AttemptStatus::Cancelled);
            // Where it was decided already, that stands.
            let _was_pending = simulator.decide(session, &id, cancelled);
            Ok(Reply::Empty(StatusCode::NO_CONTENT))
        },
    )
    .await
}

fn outcome_of(fault: &Fault) -> Option<AttemptOutcome> {
    let Fault::OAuth {
        outcome,
        code,
        description,
    } = fault
    else {
        return None;
    };
    let error = (*outcome == AttemptStatus::Error).then(|| {
        let code = code.clone().unwrap_or_else(|| "server_error".to_owned());
        let description = description.clone();
        (
            code,
            description.unwrap_or_else(|| "The provider failed".to_owned()),
        )
    });
    Some(AttemptOutcome {
        error,
        ..AttemptOutcome::of(*outcome)
    })
}
