//! What becomes of what a process writes.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, PipeReader, Write as _, pipe};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::Stdio;

/// Linux's `O_NONBLOCK`.
const NON_BLOCKING: i32 = 0o4000;

/// Who reads it, or why nobody does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reader {
    /// It goes to a disk that is full.
    FullDisk,
    /// Who read it has gone.
    Gone,
    /// Who reads it is there and does not read, and the pipe is full.
    Stuck,
}

impl Reader {
    pub(super) const ALL: [Self; 3] = [Self::FullDisk, Self::Gone, Self::Stuck];

    /// Where a process writes to, and what has to be kept for it to stay as it is.
    pub(super) fn output(self) -> (Stdio, Option<PipeReader>) {
        match self {
            Self::FullDisk => {
                let full = File::options().write(true).open("/dev/full");
                (full.unwrap().into(), None)
            }
            Self::Gone => (pipe().unwrap().1.into(), None),
            Self::Stuck => {
                let (reader, writer) = pipe().unwrap();
                // Opened anew, so that the process' own end still waits for room.
                let filling = format!("/proc/self/fd/{}", writer.as_raw_fd());
                let mut filling = OpenOptions::new()
                    .write(true)
                    .custom_flags(NON_BLOCKING)
                    .open(filling)
                    .unwrap();
                let full = loop {
                    if let Err(error) = filling.write(&[b'.'; 512]) {
                        break error;
                    }
                };
                assert_eq!(full.kind(), ErrorKind::WouldBlock);
                (writer.into(), Some(reader))
            }
        }
    }
}
