//! The answer to a request that may change something: what is wrong today decides whether it does,
//! and whether that is told.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use crate::api::admission;
use crate::api::answer::dated;
use crate::api::connection::Connection;
use crate::api::corruption::{truncated, with_padding, with_wrong_id};
use crate::api::error::ApiError;
use crate::fault::{Fault, Operation};
use crate::fault_switches::RequestFacts;
use crate::simulator::Simulator;

/// A request whose sender is known.
pub(crate) struct Exchange<'a> {
    pub(crate) request: &'a HttpRequest,
    pub(crate) simulator: &'a Simulator,
    pub(crate) project_id: &'a str,
    pub(crate) operation: Operation,
    /// The account that it names.
    pub(crate) account_id: Option<&'a str>,
}

/// A right answer.
pub(crate) enum Reply {
    Empty(StatusCode),
    Json(StatusCode, Value),
    Page(StatusCode, String),
    Elsewhere(String),
}

/// What is done, knowing the fault that befalls the request, and the answer to it.
type Outcome = Result<Reply, ApiError>;

/// Lets the API key in, and answers.
pub(crate) async fn with_key(
    request: &HttpRequest,
    simulator: &Simulator,
    operation: Operation,
    account_id: Option<&str>,
    act: impl FnOnce(&str) -> Outcome,
) -> HttpResponse {
    let refused = |project_id: Option<&str>, refusal: &ApiError| {
        counted(simulator, project_id, operation, refusal.respond())
    };
    let project = match admission::identify(request, simulator) {
        Ok(project) => project,
        Err(refusal) => return refused(None, &refusal),
    };
    if let Err(refusal) = admission::limit(&project, simulator) {
        return refused(Some(&project.id), &refusal);
    }
    let exchange = Exchange {
        request,
        simulator,
        project_id: &project.id,
        operation,
        account_id,
    };
    exchange.answer(|_fault| act(&project.id)).await
}

impl Exchange<'_> {
    /// Answers. What is dropped, cut off or late has happened all the same.
    pub(crate) async fn answer(self, act: impl FnOnce(Option<&Fault>) -> Outcome) -> HttpResponse {
        let account_ids: Vec<String> = self.account_id.map(str::to_owned).into_iter().collect();
        let selected = self.simulator.faults().select(&RequestFacts {
            project_id: self.project_id,
            operation: self.operation,
            account_ids: &account_ids,
        });
        tokio::time::sleep(selected.latency).await;
        let Some((fault, released)) = selected.fault else {
            return self.counted(respond(act(None)));
        };
        if let Fault::Hang = fault {
            self.simulator.hang(&released).await;
        }
        if let Some(instead) = instead(&fault) {
            return self.counted(instead);
        }
        let outcome = act(Some(&fault));
        let response = match fault {
            Fault::Drop => return self.dropped(),
            Fault::Stale { delay } => {
                tokio::time::sleep(delay).await;
                respond(outcome)
            }
            Fault::TruncatedJson => cut_short(outcome),
            Fault::WrongId => respond(with_json(outcome, with_wrong_id)),
            Fault::HugeBody { bytes } => {
                respond(with_json(outcome, |json| with_padding(json, bytes)))
            }
            Fault::WrongDate { ahead_seconds } => dated(respond(outcome), ahead_seconds),
            Fault::Latency { .. }
            | Fault::Hang
            | Fault::Status { .. }
            | Fault::Html
            | Fault::Redirect { .. }
            | Fault::IgnoreQuery
            | Fault::CapPage { .. }
            | Fault::ReverseList
            | Fault::ExtraAccount
            | Fault::OtherShape
            | Fault::OAuth { .. }
            | Fault::CreateAsEdit => respond(outcome),
        };
        self.counted(response)
    }

    fn dropped(&self) -> HttpResponse {
        let requests = self.simulator.requests();
        requests.count(Some(self.project_id), self.operation, 0);
        if let Some(connection) = self.request.conn_data::<Connection>() {
            connection.close();
        }
        HttpResponse::InternalServerError().finish()
    }

    fn counted(&self, response: HttpResponse) -> HttpResponse {
        counted(
            self.simulator,
            Some(self.project_id),
            self.operation,
            response,
        )
    }
}

fn counted(
    simulator: &Simulator,
    project_id: Option<&str>,
    operation: Operation,
    response: HttpResponse,
) -> HttpResponse {
    let status = response.status().as_u16();
    simulator.requests().count(project_id, operation, status);
    response
}

/// What is answered in place of doing anything.
fn instead(fault: &Fault) -> Option<HttpResponse> {
    match fault {
        Fault::Status {
            status,
            retry_after,
            body,
        } => {
            let status = StatusCode::from_u16(*status);
            let error = ApiError::new(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
                .retry_after(*retry_after);
            Some(match body {
                Some(body) => error.respond_with(body.clone()),
                None => error.respond(),
            })
        }
        Fault::Html => Some(page(
            StatusCode::OK,
            "<html><body>It works!</body></html>".to_owned(),
        )),
        Fault::Redirect { location } => Some(elsewhere(location)),
        Fault::Latency { .. }
        | Fault::Stale { .. }
        | Fault::TruncatedJson
        | Fault::WrongId
        | Fault::Hang
        | Fault::Drop
        | Fault::HugeBody { .. }
        | Fault::IgnoreQuery
        | Fault::CapPage { .. }
        | Fault::ReverseList
        | Fault::ExtraAccount
        | Fault::OtherShape
        | Fault::OAuth { .. }
        | Fault::CreateAsEdit
        | Fault::WrongDate { .. } => None,
    }
}

fn respond(outcome: Outcome) -> HttpResponse {
    match outcome {
        Ok(Reply::Empty(status)) => HttpResponse::build(status).finish(),
        Ok(Reply::Json(status, json)) => HttpResponse::build(status).json(json),
        Ok(Reply::Page(status, html)) => page(status, html),
        Ok(Reply::Elsewhere(location)) => elsewhere(&location),
        Err(error) => error.respond(),
    }
}

/// After a form a browser asks for the other place by GET.
fn elsewhere(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, location))
        .finish()
}

fn page(status: StatusCode, html: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(html)
}

fn with_json(outcome: Outcome, change: impl FnOnce(Value) -> Value) -> Outcome {
    outcome.map(|reply| match reply {
        Reply::Json(status, json) => Reply::Json(status, change(json)),
        other @ (Reply::Empty(_) | Reply::Page(..) | Reply::Elsewhere(_)) => other,
    })
}

fn cut_short(outcome: Outcome) -> HttpResponse {
    match outcome {
        Ok(Reply::Json(status, json)) => HttpResponse::build(status)
            .content_type("application/json")
            .body(truncated(&json)),
        other @ (Ok(Reply::Empty(_) | Reply::Page(..) | Reply::Elsewhere(_)) | Err(_)) => {
            respond(other)
        }
    }
}
