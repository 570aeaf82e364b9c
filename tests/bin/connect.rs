//! Connect as a process of its own, beside the others, or to have its threads panic. The program
//! itself, built with the tests.

fn main() -> std::process::ExitCode {
    harness::panic_on_purpose();
    stackone_connect::program::main()
}
