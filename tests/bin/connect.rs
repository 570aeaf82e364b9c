//! Connect as a process of its own, beside the others. The program itself, built with the tests.

fn main() -> std::process::ExitCode {
    stackone_connect::program::main()
}
