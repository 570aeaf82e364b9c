//! `stackone-connect`: see `--help`.

/// See docs/decisions/0056.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    stackone_connect::program::main()
}
