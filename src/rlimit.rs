//! The limit on open files: a server and a load generator hold one descriptor per connection, and the usual soft limit
//! of 1,024 is far below what the same process may ask for.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit on open files to the hard limit, and returns the soft limit that holds afterwards.
///
/// `u64::MAX` stands for "no limit". Where the system refuses to raise it, what was in force stays in force: the caller
/// decides whether the number returned is enough. Calling it again changes nothing.
pub fn raise_fd_limit() -> u64 {
    let before = getrlimit(Resource::Nofile);
    if before.current == before.maximum {
        return before.current.unwrap_or(u64::MAX);
    }
    // A refusal (some systems cap the soft limit below an infinite hard one) is not an error by itself: what holds now
    // is read back below.
    let _refused = setrlimit(Resource::Nofile, Rlimit { current: before.maximum, maximum: before.maximum }).err();
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// The soft limit on open files that is in force; `u64::MAX` stands for "no limit".
pub fn fd_limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_reaches_the_hard_one_and_stays_there() {
        let raised = raise_fd_limit();
        let now = getrlimit(Resource::Nofile);
        assert_eq!(now.current.unwrap_or(u64::MAX), raised);
        assert_eq!(fd_limit(), raised);
        assert_eq!(raise_fd_limit(), raised);
    }
}
