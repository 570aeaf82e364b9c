//! `stackone-ingest`: see `--help`.

fn main() -> std::process::ExitCode {
    stackone_ingest::program::main()
}
