//! Reads JSON bodies of a limited size within a deadline.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::connect::Connect;
use crate::problem::{Problem, Reason};

/// A body that was read; an empty one counts as `{}`.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let connect = request.app_data::<Data<Connect>>().cloned();
        let payload = payload.take();
        Box::pin(async move {
            let connect = connect.ok_or(Reason::Internal)?;
            let deadline = connect.settings.server.body_deadline;
            let read = read(payload, connect.settings.limits.max_body_bytes);
            let bytes = timeout(deadline, read)
                .await
                .map_err(|_elapsed| Reason::TooSlow)??;
            let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
            // serde's messages may quote the value, so the answer does not repeat them.
            let parsed = serde_json::from_slice(text);
            parsed
                .map(Self)
                .map_err(|_unreadable| Reason::MalformedRequest.into())
        })
    }
}

async fn read(mut payload: Payload, most: usize) -> Result<Bytes, Problem> {
    let mut body = BytesMut::new();
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|_broken| Problem::from(Reason::MalformedRequest))?;
        if body.len() + piece.len() > most {
            return Err(Reason::TooLarge.into());
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}
