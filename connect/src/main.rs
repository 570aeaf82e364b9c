//! The program `stackone-connect`; `--help` lists its commands.

/// glibc grew the heap of the reading thread piece by piece, at a tenth of the CPU time:
/// docs/decisions/0056-jemalloc-for-connect.md.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    stackone_connect::program::main()
}
