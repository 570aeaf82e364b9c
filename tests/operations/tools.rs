//! Programs that need not be on a developer's machine, and files of the repository.

use std::path::{Path, PathBuf};

/// Whether `program` can be run.
///
/// # Panics
///
/// Where it cannot, in CI.
pub(crate) fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !found {
        assert!(
            std::env::var_os("CI").is_none(),
            "{program} is missing: install the Debian package prometheus"
        );
        eprintln!("passed over: {program} is missing (Debian: apt-get install prometheus)");
    }
    found
}

/// A file or folder of the repository.
pub(crate) fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// What a file of the repository says.
pub(crate) fn text_of(path: &str) -> String {
    let file = in_repository(path);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"))
}
