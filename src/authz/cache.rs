//! What is known of a cache's use.

/// How often a cache was asked, and how much it holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheCounts {
    /// Questions that it answered.
    pub hits: u64,
    /// Questions that it did not.
    pub misses: u64,
    /// What it holds now.
    pub entries: u64,
}
