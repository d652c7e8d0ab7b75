//! Files that appear whole or not at all; see [`super::directory`] for directories.
//!
//! What is written goes to a temporary name beside its target, is synchronized, and is renamed. A temporary file or
//! directory is locked by its writer, so whatever is found unlocked was left by a process that is gone, and is removed.

use crate::error::{Error, Result};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// The largest key, certificate, chain or token file that is read, in bytes.
pub const MAX_FILE_LEN: u64 = 1 << 20;
/// The largest revocation list that is read, in bytes: some ten million entries.
pub const MAX_CRL_LEN: u64 = 512 << 20;

pub(super) const TEMPORARY: &str = ".tmp-";
/// How long to wait for another process; it holds a lock for milliseconds unless its list is huge.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Its owner: mode 0600.
    Secret,
    /// Everyone who gets into the directory: mode 0644.
    Public,
}

impl Access {
    pub(super) const fn mode(self) -> u32 {
        match self {
            Self::Secret => 0o600,
            Self::Public => 0o644,
        }
    }
}

/// Reads a file of 1 to `max` bytes.
///
/// # Errors
/// [`Error::Io`] where it cannot be read, [`Error::BadFile`] where it is empty or too large.
pub fn read(path: &Path, max: u64) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(Error::io("open", path))?;
    let mut bytes = Vec::new();
    file.take(max + 1).read_to_end(&mut bytes).map_err(Error::io("read", path))?;
    if bytes.is_empty() {
        return Err(Error::bad_file(
            path,
            "the file is empty",
            "restore it from a backup, or make it again with --force",
        ));
    }
    if u64::try_from(bytes.len()).is_ok_and(|len| len > max) {
        return Err(Error::bad_file(path, format!("it is larger than {max} bytes"), "check that it is the right file"));
    }
    Ok(bytes)
}

/// Whether there is such a file.
///
/// # Errors
/// [`Error::Io`] where that cannot be told, as in a directory of somebody else's: "no" would be a guess.
pub(crate) fn exists(path: &Path) -> Result<bool> {
    match path.try_exists() {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(false),
        known => known.map_err(Error::io("examine", path)),
    }
}

/// Makes a directory (mode 0700) and its parents where they do not exist.
pub(crate) fn create_dirs(path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::io("create the directory", path))
}

/// Waits until this process alone holds `directory`; the lock ends when the result is dropped, or with the process.
pub(crate) fn lock(directory: &Path) -> Result<File> {
    let handle = File::open(directory).map_err(Error::io("open", directory))?;
    let started = Instant::now();
    loop {
        match handle.try_lock() {
            Ok(()) => return Ok(handle),
            Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(2)),
            Err(TryLockError::WouldBlock) => {
                let busy = io::Error::new(io::ErrorKind::ResourceBusy, "another process has held it for 30 s");
                return Err(Error::io("lock", directory)(busy));
            }
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", directory)(error)),
        }
    }
}

pub(super) fn sync_dir(path: &Path) -> Result<()> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(Error::io("synchronize", path))
}

/// A name that nobody else uses: `.tmp-` and 64 random bits.
fn temporary_name() -> Result<String> {
    let mut bytes = [0; 8];
    let failed = |_| Error::Key(crate::key::KeyError::Crypto("draw random numbers"));
    SystemRandom::new().fill(&mut bytes).map_err(failed)?;
    Ok(format!("{TEMPORARY}{:016x}", u64::from_be_bytes(bytes)))
}

/// Makes something temporary (`None`: it is gone already) in `directory` and locks it, before anyone who cleans up can take it for a leftover.
pub(super) fn temporary(directory: &Path, make: impl Fn(&Path) -> io::Result<Option<File>>) -> Result<(PathBuf, File)> {
    loop {
        let path = directory.join(temporary_name()?);
        // Between its creation and its lock a cleaner may have removed it. Then try again under another name.
        let made = make(&path).map_err(Error::io("create", &path))?;
        if let Some(handle) = made.filter(|handle| handle.try_lock().is_ok()) {
            let mine = handle.metadata().map_err(Error::io("examine", &path))?;
            if fs::symlink_metadata(&path).is_ok_and(|there| (there.dev(), there.ino()) == (mine.dev(), mine.ino())) {
                return Ok((path, handle));
            }
        }
    }
}

/// Refuses what this process may not write (RLIMIT_FSIZE): the kernel would end it with SIGXFSZ instead of an error.
pub(super) fn check_limit(path: &Path, len: u64) -> Result<()> {
    match rustix::process::getrlimit(rustix::process::Resource::Fsize).current {
        Some(limit) if limit < len => Err(Error::io("write", path)(io::ErrorKind::FileTooLarge.into())),
        _ => Ok(()),
    }
}

/// Writes all of `bytes` to stable storage, with exactly this mode.
pub(super) fn fill(path: &Path, mut file: &File, bytes: &[u8], access: Access) -> Result<()> {
    check_limit(path, u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
    file.write_all(bytes).map_err(Error::io("write", path))?;
    // The mode given at creation is narrowed by the umask, never widened: set it exactly.
    file.set_permissions(Permissions::from_mode(access.mode())).map_err(Error::io("set the mode of", path))?;
    file.sync_all().map_err(Error::io("synchronize", path))
}

/// A file that is complete under a temporary name. Dropped without [`Staged::publish`] it disappears.
#[derive(Debug)]
pub(crate) struct Staged {
    temporary: PathBuf,
    target: PathBuf,
    _lock: File,
    published: bool,
}

impl Staged {
    /// Writes `bytes` beside `target`.
    pub(crate) fn new(target: &Path, bytes: &[u8], access: Access) -> Result<Self> {
        let directory = target.parent().unwrap_or(Path::new("."));
        let (temporary, file) = temporary(directory, |path| {
            OpenOptions::new().write(true).create_new(true).mode(access.mode()).open(path).map(Some)
        })?;
        let staged = Self { temporary, target: target.to_owned(), _lock: file, published: false };
        // The message names the file that was wanted: the temporary one is gone by then.
        fill(&staged.target, &staged._lock, bytes, access)?;
        Ok(staged)
    }

    /// Puts it in the place of its target.
    pub(crate) fn publish(mut self) -> Result<()> {
        fs::rename(&self.temporary, &self.target).map_err(Error::io("replace", &self.target))?;
        self.published = true;
        sync_dir(self.target.parent().unwrap_or(Path::new(".")))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.published {
            log_failure(&self.temporary, fs::remove_file(&self.temporary));
        }
    }
}

/// Writes or replaces one file.
pub(crate) fn replace(target: &Path, bytes: &[u8], access: Access) -> Result<()> {
    Staged::new(target, bytes, access)?.publish()
}

/// Writes or replaces a file that everybody may read.
pub(crate) fn replace_public(target: &Path, bytes: &[u8]) -> Result<()> {
    // A bare file name has an empty parent, which cannot be opened.
    replace(&Path::new(".").join(target), bytes, Access::Public)
}

/// A leftover that cannot be removed harms nobody: it is worth a word, but no failure.
pub(super) fn log_failure(path: &Path, result: io::Result<()>) {
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::debug!(path = %path.display(), %error, "a temporary file stays");
        }
        _ => {}
    }
}

/// Device and inode: a file that was put in the place of another differs in it.
pub(crate) fn identity(path: &Path) -> Result<(u64, u64)> {
    let metadata = fs::metadata(path).map_err(Error::io("examine", path))?;
    Ok((metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_whole_and_has_its_mode() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a");
        replace(&target, b"one", Access::Secret).unwrap();
        assert_eq!(fs::metadata(&target).unwrap().mode() & 0o777, 0o600);
        replace(&target, b"two", Access::Public).unwrap();
        assert_eq!(fs::metadata(&target).unwrap().mode() & 0o777, 0o644);
        drop(Staged::new(&target, b"three", Access::Public).unwrap());
        assert_eq!(read(&target, 10).unwrap(), b"two");
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn reading_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        assert!(matches!(read(&path, 3), Err(Error::Io { .. })));
        fs::write(&path, b"").unwrap();
        assert!(read(&path, 3).unwrap_err().to_string().contains("empty"));
        fs::write(&path, b"1234").unwrap();
        assert!(read(&path, 3).unwrap_err().to_string().contains("larger"));
        assert_eq!(read(&path, 4).unwrap(), b"1234");
    }

    #[test]
    fn a_lock_excludes_others() {
        let dir = tempfile::tempdir().unwrap();
        let held = lock(dir.path()).unwrap();
        let started = Instant::now();
        thread::scope(|scope| {
            let other = scope.spawn(|| lock(dir.path()).map(|_| started.elapsed()));
            thread::sleep(Duration::from_millis(50));
            drop(held);
            assert!(other.join().unwrap().unwrap() >= Duration::from_millis(50));
        });
    }
}
