//! Ingest as a process of its own, for tests that kill it or have its threads panic. The program
//! itself, built with the tests.

fn main() -> std::process::ExitCode {
    harness::panic_on_purpose();
    stackone_ingest::program::main()
}
