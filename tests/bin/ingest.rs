//! Ingest as a process of its own, for tests that kill it. The program itself, built with the tests.

fn main() -> std::process::ExitCode {
    stackone_ingest::program::main()
}
