//! A process in which a thread panics, as its argument says: for tests of what becomes of it.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stdout,
    reason = "it panics on purpose, in all places, and says when"
)]

use std::convert::Infallible;
use std::io::{Write as _, stdout};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use stackone_link_process::panics::Panics;
use stackone_link_process::program;
use stackone_link_process::settings::LogFormat;
use stackone_link_process::{spawn, telemetry};

stackone_link_process::tasks! {
    pub(crate),
    TASK = "a task";
}

/// What waits for ever when it is dropped, as the client of a consumer group may.
struct WaitsForEver;

impl Drop for WaitsForEver {
    fn drop(&mut self) {
        loop {
            thread::park();
        }
    }
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        now();
    }
}

/// What a library in C calls: nothing can be unwound through it.
extern "C" fn callback() {
    now();
}

fn now() {
    println!("now");
    let _said = stdout().flush();
    panic!("on purpose");
}

async fn work(place: String) -> Result<(), program::Failure> {
    let is_awaited = matches!(place.as_str(), "logged" | "named task" | "named job");
    if is_awaited {
        telemetry::init(LogFormat::Json, "info").map_err(anyhow::Error::from)?;
    }
    match place.as_str() {
        "main" => now(),
        "thread" | "logged" => drop(thread::spawn(now)),
        "task" => drop(tokio::spawn(async { now() })),
        "job" => drop(tokio::task::spawn_blocking(now)),
        "callback" => drop(thread::spawn(|| callback())),
        "drop" => drop(thread::spawn(|| drop(PanicsWhenDropped))),
        "thread whose client waits when it is dropped" => drop(thread::spawn(|| {
            let _client = WaitsForEver;
            now();
        })),
        "two threads" => {
            drop(thread::spawn(now));
            drop(thread::spawn(now));
        }
        "named task" => drop(spawn::spawn(TASK, async { now() }).await),
        "named job" => drop(spawn::spawn_blocking(TASK, now).await),
        _ => return Err(anyhow::anyhow!("no such place: {place}").into()),
    }
    if place.starts_with("named") {
        return Ok(());
    }
    std::future::pending::<Infallible>().await;
    Ok(())
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let place = arguments.next().unwrap_or_default();
    // What goes on longer than any test waits for it would be left behind.
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(60));
        std::process::exit(1);
    });
    let panics = match arguments.next().as_deref() {
        Some("goes on") => Panics::EndTask,
        _ => Panics::EndProcess,
    };
    program::run("process-under-test", panics, work(place))
}
