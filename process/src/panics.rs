//! What becomes of a process in which a thread panics: said in its log, and then over, unless that is somebody's to handle.
//!
//! A service of which a thread is missing says that it is well and does its work no more. So the hook ends the process, before
//! anything is unwound: what is dropped then may wait for ever, and a callback of a C library cannot unwind at all.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io;
use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, Builder};
use std::time::Duration;

use crate::{spawn, stderr};

/// Exit code of a process that a panic has ended, the one that Rust gives a program whose main thread panics.
pub const EXIT_CODE: i32 = 101;
/// How long the last words may take, whatever holds them up: longer than their flush, and the process ends within 2 s.
const LAST_WORDS: Duration = Duration::from_millis(1500);

/// What a panic ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panics {
    /// The process, whatever thread it was.
    EndProcess,
    /// What was started by [`crate::spawn`], or named by [`spawn::named`]: whoever waits for it is told and decides. Where
    /// nobody is, on a thread of a library or the main one, the process.
    EndTask,
}

/// Installs the panic hook of this process.
///
/// # Errors
///
/// Where the system has no thread for the watchdog. It is made now: at a panic there may be none left.
pub(crate) fn install(panics: Panics) -> io::Result<()> {
    let watchdog = watchdog()?;
    let is_ending = AtomicBool::new(false);
    panic::set_hook(Box::new(move |panicked| {
        if panics == Panics::EndTask && spawn::current().is_some() {
            tell(panicked);
            return;
        }
        if is_ending.swap(true, Ordering::AcqRel) {
            // The first one has the last words, and what comes of it is of no interest.
            loop {
                thread::park();
            }
        }
        let _always_there = watchdog.send(());
        tell(panicked);
        stderr::flush(stderr::PATIENCE);
        end();
    }));
    Ok(())
}

/// A thread that ends the process some time after it is told to, whatever becomes of the last words.
#[expect(clippy::disallowed_methods, reason = "it must not panic on purpose")]
fn watchdog() -> io::Result<Sender<()>> {
    let (alarm, alarmed) = channel();
    let watch = move || {
        if alarmed.recv().is_ok() {
            thread::sleep(LAST_WORDS);
            end();
        }
    };
    Builder::new()
        .name("panic watchdog".to_owned())
        .spawn(watch)?;
    Ok(alarm)
}

/// Without the handlers that libraries have registered for the end (`atexit`): they may wait for the thread that panicked.
fn end() -> ! {
    signal_hook::low_level::exit(EXIT_CODE)
}

/// Tells a panic as the service logs; where errors are not logged, in a line of its own. Then the backtrace, where the
/// environment asks for one: to find its names may take longer than there is time.
fn tell(panicked: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let task = spawn::current().map(spawn::Name::as_str);
    let location = panicked.location().map(ToString::to_string);
    let reason = panicked.payload_as_str().unwrap_or("it does not say why");
    let is_logged = tracing::enabled!(tracing::Level::ERROR);
    if is_logged {
        tracing::error!(task, thread, location, reason, "panicked");
    } else {
        let location = location.unwrap_or_default();
        stderr::write_line(&format!("thread {thread} panicked at {location}: {reason}"));
    }
    let backtrace = Backtrace::capture();
    if backtrace.status() != BacktraceStatus::Captured {
        return;
    }
    if is_logged {
        tracing::error!(%backtrace, "panicked there");
    } else {
        stderr::write_line(&backtrace.to_string());
    }
}
