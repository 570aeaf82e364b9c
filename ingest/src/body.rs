//! Reading a request's body, once, within limits. `Content-Encoding` is never looked at: the
//! signature covers the bytes as they came.

pub(crate) mod limits;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use actix_web::dev::Payload;
use actix_web::web::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::future::poll_immediate;
use tokio::time::timeout;

use crate::answer::outcome::Outcome;
use limits::{Limits, PATIENCE, Reader, Share};

/// What is set aside for a body of declared length before its first byte has come. A sender who
/// declares much and sends nothing costs no more than this.
const FIRST_ALLOCATION: usize = 16 * 1024;

/// A body, and its share of what may be held.
pub(crate) struct HeldBody {
    pub(crate) bytes: Bytes,
    pub(crate) share: Share,
}

/// Reads a body of which `declared` bytes were announced, within `deadline`.
///
/// # Errors
///
/// Too large, too slow, cut off, more than may be held at once, or given up for another where that
/// is so.
pub(crate) async fn read(
    payload: &mut Payload,
    declared: Option<usize>,
    limits: &Limits,
    deadline: Duration,
) -> Result<HeldBody, Outcome> {
    if declared.is_some_and(|declared| declared > limits.max_body_bytes) {
        return Err(Outcome::BodyTooLarge);
    }
    let reader = Arc::new(Reader::new(Instant::now()));
    let mut reading = pin!(collect(payload, declared, limits, &reader));
    if let Some(read) = poll_immediate(&mut reading).await {
        return read;
    }
    handed_over().await;
    if let Some(read) = poll_immediate(&mut reading).await {
        return read;
    }
    // Nobody has to give way so early, so that only the slow are noted as readers who wait.
    let early = PATIENCE.min(deadline);
    if let Ok(read) = timeout(early, &mut reading).await {
        return read;
    }
    tokio::select! {
        biased;
        read = timeout(deadline - early, reading) => {
            read.unwrap_or(Err(Outcome::BodyTooSlow))
        }
        () = limits.readers.has_to_give_way(&reader) => Err(Outcome::GaveWay),
    }
}

/// Lets the connection hand over what came with the head, which it does after the handler was
/// polled once. A timer for that moment would cost each webhook a call to the kernel.
async fn handed_over() {
    let mut is_over = false;
    poll_fn(|context| {
        if std::mem::replace(&mut is_over, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A body that came in one piece, as nearly all do, is that piece; only one in several pieces is
/// put together.
async fn collect(
    payload: &mut Payload,
    declared: Option<usize>,
    limits: &Limits,
    reader: &Reader,
) -> Result<HeldBody, Outcome> {
    let mut share = limits.read(0).await.ok_or(Outcome::BusyReading)?;
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    let mut length = 0;
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|_cut_off_or_garbled| Outcome::BodyUnreadable)?;
        if length + piece.len() > limits.max_body_bytes {
            return Err(Outcome::BodyTooLarge);
        }
        let more = limits.read(piece.len()).await;
        share = share.and(more.ok_or(Outcome::BusyReading)?);
        reader.holds(length + piece.len());
        if length == 0 {
            first = piece;
            length = first.len();
            continue;
        }
        if whole.is_empty() {
            whole.reserve(declared.map_or(0, |declared| declared.min(FIRST_ALLOCATION)));
            whole.extend_from_slice(&first);
        }
        length += piece.len();
        whole.extend_from_slice(&piece);
    }
    let bytes = if whole.is_empty() {
        first
    } else {
        whole.freeze()
    };
    Ok(HeldBody { bytes, share })
}
