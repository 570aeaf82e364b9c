//! `stackone-processor`: see `--help`.

/// docs/decisions/0006 has the reason.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    stackone_processor_cli::program::main()
}
