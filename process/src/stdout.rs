//! Standard output of commands, whose reader may leave once it has seen enough (`| head`).

use std::error::Error;
use std::fmt;
use std::io::{self, Write};

/// Standard output that tells a reader who has gone from every other broken pipe.
#[derive(Debug)]
pub struct Stdout(io::Stdout);

/// Returns the standard output that commands write to.
#[must_use]
pub fn stdout() -> Stdout {
    Stdout(io::stdout())
}

/// The reader of standard output has gone. That is no failure, and no reason to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ReaderGone;

impl fmt::Display for ReaderGone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("whoever read standard output has gone")
    }
}

impl Error for ReaderGone {}

/// Returns whether a command ended because nobody reads its output any more.
pub(crate) fn is_reader_gone(error: &anyhow::Error) -> bool {
    let inner = |cause: &(dyn Error + 'static)| {
        let error = cause.downcast_ref::<io::Error>()?;
        Some(error.get_ref()?.is::<ReaderGone>())
    };
    error.chain().any(|cause| inner(cause).unwrap_or(false))
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(named)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(named)
    }
}

fn named(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return io::Error::new(error.kind(), ReaderGone);
    }
    io::Error::new(error.kind(), format!("standard output: {error}"))
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn only_the_reader_of_standard_output_may_leave_without_a_word() {
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        let of_stdout = Err::<(), _>(named(broken())).context("state cannot be shown");
        assert!(is_reader_gone(&of_stdout.unwrap_err()));
        let of_a_socket = Err::<(), _>(broken()).context("state cannot be read");
        assert!(!is_reader_gone(&of_a_socket.unwrap_err()));
        let full = named(io::Error::from(io::ErrorKind::StorageFull));
        assert!(full.to_string().starts_with("standard output: "), "{full}");
        assert!(!is_reader_gone(&full.into()));
    }
}
