//! What a panic ends. The panic is logged first, and then the process ends, unless somebody waits
//! for what panicked.
//!
//! A service that has lost a thread still reports that it is well and no longer does its work. So
//! the hook ends the process before anything is unwound: a destructor may wait for ever, and a
//! callback of a C library cannot unwind at all.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io;
use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, Builder};
use std::time::Duration;

use crate::{spawn, stderr};

/// The exit code of a process that a panic has ended; Rust's own for a main thread that panics.
pub const EXIT_CODE: i32 = 101;
/// How long the last words may take, whatever holds them up. It is longer than their flush, and
/// lets the process end within 2 s.
const LAST_WORDS: Duration = Duration::from_millis(1500);

/// What a panic ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panics {
    /// A panic ends the process, whatever thread it is on.
    EndProcess,
    /// A panic ends what [`crate::spawn`] started or [`spawn::named`] named: whoever waits for it
    /// learns of the panic and decides. On a thread of a library, or on the main one, it ends the
    /// process.
    EndTask,
}

/// Installs the panic hook of this process.
///
/// # Errors
///
/// Fails where the system has no thread for the watchdog. The watchdog is started here, because at
/// a panic there may be no thread left.
pub(crate) fn install(panics: Panics) -> io::Result<()> {
    let watchdog = watchdog()?;
    let is_ending = AtomicBool::new(false);
    panic::set_hook(Box::new(move |panicked| {
        if panics == Panics::EndTask && spawn::current().is_some() {
            tell(panicked);
            return;
        }
        if is_ending.swap(true, Ordering::AcqRel) {
            // The first panic writes the last words; the outcome of this one no longer matters.
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

/// Starts the thread that ends the process [`LAST_WORDS`] after it is asked to, whether or not they
/// are written.
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

/// Ends the process without the handlers that libraries registered for its end (`atexit`): they may
/// wait for the thread that panicked.
fn end() -> ! {
    signal_hook::low_level::exit(EXIT_CODE)
}

/// Logs a panic, or writes it as a line where errors are not logged. The backtrace follows where
/// the environment asks for one: resolving its names may take longer than the process has.
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
