//! `stackone-connect`: see `--help`.

fn main() -> std::process::ExitCode {
    stackone_connect::program::main()
}
