//! `stackone-processor`: see `--help`.

fn main() -> std::process::ExitCode {
    stackone_processor::program::main()
}
