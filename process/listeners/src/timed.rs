//! A connection that ends when it is time, whoever is at its other end: actix times the first head
//! and the wait for the next one, but neither later heads nor the rest of a chunked body that
//! nobody wants any more.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::cut::{Cut, Refusal};
use crate::phase::{Deadlines, Phase, Room};
use crate::proxy_protocol::Opening;

/// How much of a head is read at once: nearly all come whole, with their bodies.
const PIECE: usize = 8 * 1024;

/// A stream that knows what is being done with it.
pub(crate) struct Timed<T> {
    stream: T,
    opening: Opening,
    phase: Phase,
    /// Runs out when, or some time before, the phase does; see [`Self::is_late`].
    timer: Option<Pin<Box<Sleep>>>,
    refusal: Option<Refusal>,
    /// When the other end has to have taken some more of an answer, where it takes none now.
    stalled: Option<Instant>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Timed<T> {
    pub(crate) fn new(stream: T, deadlines: Deadlines) -> Self {
        Self {
            stream,
            opening: Opening::default(),
            phase: Phase::new(deadlines, Instant::now()),
            timer: None,
            refusal: None,
            stalled: None,
        }
    }

    /// What it is doing, for whoever serves its requests.
    pub(crate) fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Whether what is being done has taken too long; else this task is woken when it has. A timer
    /// that runs out earlier is left alone, so that a request costs none.
    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        while let Some(until) = self.phase.until().or(self.stalled) {
            let timer = self
                .timer
                .get_or_insert_with(|| Box::pin(sleep_until(until)));
            if timer.deadline() > until {
                timer.as_mut().reset(until);
            }
            if timer.as_mut().poll(context).is_pending() {
                return false;
            }
            if Instant::now() >= until {
                return true;
            }
            timer.as_mut().reset(until);
        }
        false
    }

    /// The end of a connection that had its last answer and did not leave, or does not take an
    /// answer.
    fn cut_if_late(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if self.phase.is_closing() && self.is_late(context) {
            return Err(Cut::NotClosed.into());
        }
        if self.is_stalled() && self.is_late(context) {
            return Err(Cut::NotRead.into());
        }
        Ok(())
    }

    /// Whether an answer is under way of which the other end takes nothing.
    fn is_stalled(&self) -> bool {
        self.phase.until().is_none() && self.stalled.is_some()
    }

    /// Times how long nothing is taken of an answer.
    fn taken<R>(&mut self, context: &mut Context<'_>, taken: Poll<R>) -> Poll<R> {
        if taken.is_pending() {
            let until = Instant::now() + self.phase.answer_deadline();
            self.stalled.get_or_insert(until);
            // The timer wakes this task: `cut_if_late` is asked then.
            let _not_yet = self.is_stalled() && self.is_late(context);
        } else {
            self.stalled = None;
        }
        taken
    }

    fn refuse(&mut self, cut: Cut) {
        self.phase.closes(Instant::now());
        self.refusal = Some(Refusal::of(cut));
    }

    /// Reads some of a head.
    fn poll_head(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
        room: usize,
    ) -> Poll<io::Result<()>> {
        let mut piece = [MaybeUninit::uninit(); PIECE];
        let most = room.min(PIECE).min(buffer.remaining());
        let mut piece = ReadBuf::uninit(&mut piece[..most]);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut piece))?;
        if self.opening.is_proxy_protocol(piece.filled()) {
            self.refuse(Cut::ProxyProtocol);
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        buffer.put_slice(piece.filled());
        self.phase.read(piece.filled().len(), Instant::now());
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Timed<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let room = this.phase.room();
        if this.refusal.is_none() {
            if this.phase.is_closing() || this.is_stalled() {
                this.cut_if_late(context)?;
            } else if this.is_late(context) {
                this.refuse(Cut::HeadTooSlow);
            } else if room == Room::None {
                this.refuse(Cut::HeadTooLarge);
            }
        }
        let late = this.refusal.is_some() && this.is_late(context);
        if let Some(refusal) = &mut this.refusal {
            if !late {
                let _said_or_gone = ready!(refusal.poll_say(&mut this.stream, context));
            }
            return Poll::Ready(Err(refusal.cut().into()));
        }
        match room {
            Room::Head(room) => this.poll_head(context, buffer, room),
            Room::LookFirst | Room::None => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Room::Any => Pin::new(&mut this.stream).poll_read(context, buffer),
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Timed<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.refusal.is_some() {
            // Nothing comes after our last word.
            return Poll::Ready(Ok(bytes.len()));
        }
        this.cut_if_late(context)?;
        let taken = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.taken(context, taken)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let taken = Pin::new(&mut this.stream).poll_flush(context);
        this.taken(context, taken)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.cut_if_late(context)?;
        Pin::new(&mut this.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const DEADLINES: Deadlines = Deadlines {
        head: Duration::from_secs(60),
        keep_alive: Duration::from_secs(60),
        answer: Duration::from_millis(50),
    };

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_nothing_of_its_answer_is_cut_and_one_that_reads_some_is_not() {
        let (ours, mut theirs) = duplex(8);
        let mut timed = Timed::new(ours, DEADLINES);
        timed.phase().serves();
        let reads = async {
            let mut taken = [0; 24];
            theirs.read_exact(&mut taken).await.unwrap();
            theirs
        };
        let (written, _open) = tokio::join!(timed.write_all(&[7; 24]), reads);
        written.unwrap();
        let cut = timed.write_all(&[7; 24]).await.unwrap_err();
        let cut = cut.get_ref().and_then(|inner| inner.downcast_ref());
        assert_eq!(cut, Some(&Cut::NotRead));
    }
}
