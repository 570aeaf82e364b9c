//! Why a connection is cut, and what is said before.

use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much of what comes after our last word is read at once.
const UNREAD: usize = 8 * 1024;

/// Why a connection was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    HeadTooSlow,
    HeadTooLarge,
    /// It does not begin with a head.
    ProxyProtocol,
    /// It took nothing of its answer for too long.
    NotRead,
    /// It was told that this is the end, and did not leave.
    NotClosed,
}

impl Cut {
    /// What is said before.
    const fn answer(self) -> &'static [u8] {
        match self {
            Self::HeadTooSlow => {
                b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            }
            Self::HeadTooLarge => {
                b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            }
            Self::ProxyProtocol => {
                b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            }
            Self::NotRead | Self::NotClosed => b"",
        }
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::HeadTooSlow => "the head did not come in time",
            Self::HeadTooLarge => "the head is too large",
            Self::ProxyProtocol => "the PROXY protocol is not spoken here",
            Self::NotRead => "nothing of the answer was read in time",
            Self::NotClosed => "not closed in time",
        })
    }
}

impl std::error::Error for Cut {}

impl From<Cut> for io::Error {
    fn from(cut: Cut) -> Self {
        Self::other(cut)
    }
}

/// Our own last word, where there is no request that actix could answer.
pub(crate) struct Refusal {
    cut: Cut,
    unsaid: &'static [u8],
    /// All is said, and the other end has been told so.
    said: bool,
}

impl Refusal {
    pub(crate) const fn of(cut: Cut) -> Self {
        Self {
            cut,
            unsaid: cut.answer(),
            said: false,
        }
    }

    pub(crate) const fn cut(&self) -> Cut {
        self.cut
    }

    /// Says it, and waits until the other end has left: closed at once, what has not been read yet
    /// would reset the connection, and the answer with it.
    pub(crate) fn poll_say<T: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut T,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(stream);
        while !self.unsaid.is_empty() {
            let said = ready!(stream.as_mut().poll_write(context, self.unsaid))?;
            if said == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unsaid = &self.unsaid[said..];
        }
        if !self.said {
            ready!(stream.as_mut().poll_shutdown(context))?;
            self.said = true;
        }
        loop {
            let mut unread = [MaybeUninit::uninit(); UNREAD];
            let mut unread = ReadBuf::uninit(&mut unread);
            ready!(stream.as_mut().poll_read(context, &mut unread))?;
            if unread.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
