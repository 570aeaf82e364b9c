//! The processor as a process of its own, for tests that kill it. The program itself, built with
//! the tests.
//!
//! Before `--`, a test may have it disturbed: `--hold-before STEP TYPE FILE` holds the first
//! transaction that writes a record of that `ce_type` before that step, makes the file, and goes on
//! once the file is gone; with `--without-offsets` no transaction sends offsets, so that the broker
//! fences nothing.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::error::KafkaResult;
use stackone_processor::transaction::{Around, Step, Undisturbed};
use stackone_processor_cli::program;
use stackone_processor_core::event::records::Batch;

struct Disturbance {
    hold: Option<Hold>,
    sends_offsets: bool,
}

struct Hold {
    before: Step,
    event_type: String,
    file: PathBuf,
    is_done: AtomicBool,
}

impl Hold {
    fn once(&self, step: Step, batch: &Batch) {
        let mut types = batch.records.iter().map(|record| &record.headers.event);
        if step != self.before
            || !types.any(|event| event.event_type == self.event_type)
            || self.is_done.swap(true, Ordering::Relaxed)
        {
            return;
        }
        if std::fs::write(&self.file, "").is_err() {
            // Not held, it would prove nothing, so the test must not pass.
            std::process::exit(1);
        }
        while self.file.exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Around for Disturbance {
    fn around(
        &self,
        step: Step,
        batch: &Batch,
        take: &mut dyn FnMut() -> KafkaResult<()>,
    ) -> KafkaResult<()> {
        if let Some(hold) = &self.hold {
            hold.once(step, batch);
        }
        match step {
            Step::SendOffsets if !self.sends_offsets => Ok(()),
            Step::Begin | Step::SendOffsets | Step::Commit => take(),
        }
    }
}

/// What the command line before `--` asks for; none where it is not understood.
fn disturbance(mut arguments: impl Iterator<Item = String>) -> Option<Disturbance> {
    let mut asked = Disturbance {
        hold: None,
        sends_offsets: true,
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--without-offsets" => asked.sends_offsets = false,
            "--hold-before" => {
                let name = arguments.next()?;
                let steps = [Step::Begin, Step::SendOffsets, Step::Commit].into_iter();
                let mut named = steps.filter(|step| format!("{step:?}") == name);
                asked.hold = Some(Hold {
                    before: named.next()?,
                    event_type: arguments.next()?,
                    file: arguments.next()?.into(),
                    is_done: AtomicBool::new(false),
                });
            }
            _ => return None,
        }
    }
    Some(asked)
}

fn main() -> ExitCode {
    harness::panic_on_purpose();
    let arguments: Vec<String> = std::env::args().collect();
    let split = arguments.iter().position(|argument| argument == "--");
    let around: Arc<dyn Around> = match split {
        None => Arc::new(Undisturbed),
        Some(split) => match disturbance(arguments[1..split].iter().cloned()) {
            Some(disturbance) => Arc::new(disturbance),
            None => return ExitCode::FAILURE,
        },
    };
    let rest = arguments[split.map_or(1, |split| split + 1)..].iter();
    let arguments = arguments
        .first()
        .into_iter()
        .chain(rest)
        .map(OsString::from);
    program::main_disturbed_by(arguments, around)
}
