//! The link between a connection and the requests that it carries.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::web::Bytes;
use stackone_link_process::spawn::{Name, entered};
use tokio::time::Instant;

use crate::phase::Phase;

/// The body of an answer. Where it ends, the connection may begin to wait for its next head, and
/// not before: a stream of events lasts longer than that wait may.
pub(crate) struct Answer {
    body: BoxBody,
    _ending: Option<Ending>,
}

/// Tells the connection, when dropped, that a request has been answered.
struct Ending {
    phase: Phase,
    keeps_alive: bool,
}

impl Drop for Ending {
    fn drop(&mut self) {
        match self.keeps_alive {
            true => self.phase.waits(Instant::now()),
            false => self.phase.closes(Instant::now()),
        }
    }
}

impl MessageBody for Answer {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(context)
    }
}

/// Tells the connection that it serves a request, and then whether another may follow.
pub(crate) async fn answered<E>(
    phase: Option<Phase>,
    name: Name,
    answer: impl Future<Output = Result<ServiceResponse<BoxBody>, E>>,
) -> Result<ServiceResponse<Answer>, E> {
    let phase = phase.inspect(Phase::serves);
    entered(name);
    let answer = answer.await;
    let keeps = |answer: &ServiceResponse<BoxBody>| answer.response().head().keep_alive();
    let keeps_alive = answer.as_ref().is_ok_and(keeps);
    let _ending = phase.map(|phase| Ending { phase, keeps_alive });
    answer.map(|answer| answer.map_body(|_, body| Answer { body, _ending }))
}
