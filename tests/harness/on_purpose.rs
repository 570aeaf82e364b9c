//! Threads and tasks of a program under test that panic on purpose. No program of production links
//! this.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use stackone_link_process::spawn::{Name, observe};

/// Names the thread or task that is to panic.
pub const PANIC_IN: &str = "TEST_PANIC_IN";
/// How many of them are to; all, where it is not set.
pub const PANIC_TIMES: &str = "TEST_PANIC_TIMES";
/// The file to which each name is written as often as it is started.
pub const NAMES_FILE: &str = "TEST_NAMES_FILE";

struct OnPurpose {
    panic_in: Option<String>,
    times: AtomicUsize,
    names_file: Option<PathBuf>,
}

static ON_PURPOSE: OnceLock<OnPurpose> = OnceLock::new();

/// Does from now on what the environment of this process asks for.
pub fn panic_on_purpose() {
    let times = std::env::var(PANIC_TIMES);
    let on_purpose = OnPurpose {
        panic_in: std::env::var(PANIC_IN).ok(),
        times: AtomicUsize::new(times.map_or(usize::MAX, |times| times.parse().expect("a number"))),
        names_file: std::env::var_os(NAMES_FILE).map(PathBuf::from),
    };
    let _only_once = ON_PURPOSE.set(on_purpose);
    observe(started);
}

fn started(name: Name) {
    let Some(on_purpose) = ON_PURPOSE.get() else {
        return;
    };
    if let Some(file) = &on_purpose.names_file {
        let file = OpenOptions::new().create(true).append(true).open(file);
        // In one piece: several threads write.
        let line = format!("{name}\n");
        file.and_then(|mut file| file.write_all(line.as_bytes()))
            .expect("the names are written");
    }
    let take = |times: usize| times.checked_sub(1);
    if on_purpose.panic_in.as_deref() == Some(name.as_str())
        && on_purpose
            .times
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take)
            .is_ok()
    {
        panic!("on purpose, in {name}");
    }
}
