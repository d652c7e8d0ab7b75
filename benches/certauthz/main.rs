//! Benchmarks.
use divan::AllocProfiler;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

#[divan::bench(args = [1, 2])]
fn x(n: u64) -> Vec<u8> {
    vec![1; n as usize]
}
