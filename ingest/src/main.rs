//! `stackone-ingest`: see `--help`.

/// See docs/decisions/0006-jemalloc.md.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    stackone_ingest::program::main()
}
