//! The answer to one request: who asks, what is wrong today, and what is true.

use actix_web::http::StatusCode;
use actix_web::http::header::{DATE, HeaderName, HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::account_json::ApiVersion;
use crate::api::admission;
use crate::api::connection::Connection;
use crate::api::corruption::{
    in_other_shape, reversed, truncated, with_at_most, with_extra_account, with_padding,
    with_wrong_id,
};
use crate::api::error::{ApiError, http_date};
use crate::fault::{Fault, Operation};
use crate::fault_switches::RequestFacts;
use crate::listing::{ListQuery, ListShape};
use crate::simulator::Simulator;

/// What a request asks for.
pub(crate) enum Wanted {
    Account(String),
    List,
}

impl Wanted {
    fn operation(&self) -> Operation {
        match self {
            Self::Account(_) => Operation::Get,
            Self::List => Operation::List,
        }
    }
}

/// A request that was let in.
struct Question<'a> {
    simulator: &'a Simulator,
    project_id: &'a str,
    version: ApiVersion,
    wanted: Wanted,
    query: Result<ListQuery, ApiError>,
}

pub(crate) async fn answer(
    request: &HttpRequest,
    simulator: &Simulator,
    wanted: Wanted,
    version: ApiVersion,
) -> HttpResponse {
    let operation = wanted.operation();
    let project = match admission::identify(request, simulator) {
        Ok(project) => project,
        Err(refusal) => return counted(simulator, None, operation, refusal.respond()),
    };
    if let Err(refusal) = admission::limit(&project, simulator) {
        return counted(simulator, Some(&project.id), operation, refusal.respond());
    }
    let question = Question {
        simulator,
        project_id: &project.id,
        version,
        query: read_query(request, simulator),
        wanted,
    };
    let Some(response) = question.answer_with_faults().await else {
        simulator.requests().count(Some(&project.id), operation, 0);
        if let Some(connection) = request.conn_data::<Connection>() {
            connection.close();
        }
        return HttpResponse::InternalServerError().finish();
    };
    counted(simulator, Some(&project.id), operation, response)
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

fn read_query(request: &HttpRequest, simulator: &Simulator) -> Result<ListQuery, ApiError> {
    ListQuery::parse(request.query_string(), simulator.list_settings())
        .map_err(|error| ApiError::with_message(StatusCode::BAD_REQUEST, error.to_string()))
}

impl Question<'_> {
    /// None: the connection is to be closed without an answer.
    async fn answer_with_faults(&self) -> Option<HttpResponse> {
        let account_ids = match (&self.wanted, &self.query) {
            (Wanted::Account(id), _) => std::slice::from_ref(id),
            (Wanted::List, Ok(query)) => query.account_ids.as_slice(),
            (Wanted::List, Err(_)) => &[],
        };
        // Before the fault is used up: whoever sees that it is may change what is true.
        let has_stale = self.simulator.faults().has_stale();
        let first = has_stale.then(|| self.truth(self.query.as_ref()));
        let selected = self.simulator.faults().select(&RequestFacts {
            project_id: self.project_id,
            operation: self.wanted.operation(),
            account_ids,
        });
        tokio::time::sleep(selected.latency).await;
        match selected.fault {
            None => Some(respond(self.truth(self.query.as_ref()))),
            Some((fault, released)) => self.answer_faulty(fault, released, first).await,
        }
    }

    async fn answer_faulty(
        &self,
        fault: Fault,
        released: CancellationToken,
        first: Option<Result<Value, ApiError>>,
    ) -> Option<HttpResponse> {
        let truth = self.truth(self.query.as_ref());
        Some(match fault {
            Fault::Drop => return None,
            Fault::Latency { .. } => respond(truth),
            Fault::Stale { delay } => {
                tokio::time::sleep(delay).await;
                respond(first.unwrap_or(truth))
            }
            Fault::Status {
                status,
                retry_after,
                body,
            } => {
                let status = StatusCode::from_u16(status);
                let error = ApiError::new(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
                    .retry_after(retry_after);
                body.map_or_else(|| error.respond(), |body| error.respond_with(body))
            }
            Fault::TruncatedJson => truth.map_or_else(
                |error| error.respond(),
                |json| {
                    HttpResponse::Ok()
                        .content_type("application/json")
                        .body(truncated(&json))
                },
            ),
            Fault::Html => HttpResponse::Ok()
                .content_type("text/html")
                .body("<html><body>It works!</body></html>"),
            Fault::WrongId => respond(truth.map(with_wrong_id)),
            Fault::Hang => {
                self.simulator.hang(&released).await;
                respond(self.truth(self.query.as_ref()))
            }
            Fault::Redirect { location } => HttpResponse::Found()
                .insert_header((LOCATION, location))
                .finish(),
            Fault::HugeBody { bytes } => respond(truth.map(|json| with_padding(json, bytes))),
            Fault::CapPage { accounts } => respond(truth.map(|json| with_at_most(json, accounts))),
            Fault::ReverseList => respond(truth.map(reversed)),
            Fault::ExtraAccount => respond(truth.map(with_extra_account)),
            Fault::OtherShape => respond(truth.map(in_other_shape)),
            Fault::IgnoreQuery => respond(self.truth(Ok(&ListQuery::default()))),
            // For the Hub.
            Fault::OAuth { .. } | Fault::CreateAsEdit => respond(truth),
            Fault::WrongDate { ahead_seconds } => dated(respond(truth), ahead_seconds),
        })
    }

    /// What a StackOne without faults says.
    fn truth(&self, query: Result<&ListQuery, &ApiError>) -> Result<Value, ApiError> {
        match &self.wanted {
            Wanted::Account(id) => self
                .simulator
                .account_json(self.project_id, id, self.version)
                .ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND)),
            Wanted::List => {
                let query = query.map_err(ApiError::clone)?;
                let page = self
                    .simulator
                    .list_json(self.project_id, query, self.version);
                Ok(match self.simulator.list_settings().shape {
                    ListShape::BareArray => Value::Array(page),
                    ListShape::DataWrapper => json!({ "data": page }),
                })
            }
        }
    }
}

/// The answer as of a clock that is `ahead_seconds` ahead. Only a year that has no HTTP date leaves
/// the right one.
pub(super) fn dated(mut response: HttpResponse, ahead_seconds: i64) -> HttpResponse {
    let value = http_date(Timestamp::now(), ahead_seconds).map(HeaderValue::try_from);
    if let Some(Ok(value)) = value {
        let date: HeaderName = DATE;
        response.headers_mut().insert(date, value);
    }
    response
}

fn respond(answer: Result<Value, ApiError>) -> HttpResponse {
    match answer {
        Ok(json) => HttpResponse::Ok().json(json),
        Err(error) => error.respond(),
    }
}
