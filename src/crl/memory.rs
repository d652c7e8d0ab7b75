//! Memory that goes back to the operating system.

/// From this size on glibc maps a block by itself, always, and unmaps it when it is freed (DEFAULT_MMAP_THRESHOLD_MAX,
/// 32 MiB, and a page for its own use). Of smaller ones it keeps the memory once it has seen some of their size: after
/// three lists of a million entries it sat on 45 MB.
const MAPPED: usize = (32 << 20) + 4096;
/// Blocks that nobody misses.
const SMALL: usize = 1 << 20;

/// An empty vector with room for `len` bytes. What it has beyond that is address space only, until it is written to.
pub(super) fn allocate(len: usize) -> Vec<u8> {
    Vec::with_capacity(if len < SMALL { len } else { len.max(MAPPED) })
}
