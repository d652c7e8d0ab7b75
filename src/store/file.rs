//! Files and directories that appear whole or not at all.
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

const TEMPORARY: &str = ".tmp-";
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
    const fn mode(self) -> u32 {
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

fn sync_dir(path: &Path) -> Result<()> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(Error::io("synchronize", path))
}

/// A name that nobody else uses: `.tmp-` and 64 random bits.
fn temporary_name() -> Result<String> {
    let mut bytes = [0; 8];
    let failed = |_| Error::Key(crate::key::KeyError::Crypto("draw random numbers"));
    SystemRandom::new().fill(&mut bytes).map_err(failed)?;
    Ok(format!("{TEMPORARY}{:016x}", u64::from_be_bytes(bytes)))
}

/// Makes something temporary in `directory` and locks it, before anyone who cleans up can take it for a leftover.
fn temporary(directory: &Path, make: impl Fn(&Path) -> io::Result<File>) -> Result<(PathBuf, File)> {
    loop {
        let path = directory.join(temporary_name()?);
        let handle = make(&path).map_err(Error::io("create", &path))?;
        // Between its creation and its lock a cleaner may have removed it. Then try again under another name.
        if handle.try_lock().is_ok() {
            let mine = handle.metadata().map_err(Error::io("examine", &path))?;
            if fs::symlink_metadata(&path).is_ok_and(|there| (there.dev(), there.ino()) == (mine.dev(), mine.ino())) {
                return Ok((path, handle));
            }
        }
    }
}

/// Writes all of `bytes` to stable storage, with exactly this mode.
fn fill(path: &Path, mut file: &File, bytes: &[u8], access: Access) -> Result<()> {
    // Beyond this limit the kernel would end the process with SIGXFSZ rather than return an error.
    let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
    if limit.is_some_and(|limit| u64::try_from(bytes.len()).is_ok_and(|len| len > limit)) {
        return Err(Error::io("write", path)(io::ErrorKind::FileTooLarge.into()));
    }
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
            OpenOptions::new().write(true).create_new(true).mode(access.mode()).open(path)
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

/// A directory that is being filled under a temporary name. Dropped without [`StagedDir::publish`] it disappears.
#[derive(Debug)]
pub(crate) struct StagedDir {
    temporary: PathBuf,
    target: PathBuf,
    /// The files that this program writes: the only ones that it ever removes.
    ours: &'static [&'static str],
    _lock: File,
    leftover: bool,
}

impl StagedDir {
    /// Makes it (mode 0700) beside `target`.
    pub(crate) fn new(target: &Path, ours: &'static [&'static str]) -> Result<Self> {
        let parent = target.parent().unwrap_or(Path::new("."));
        let (temporary, lock) = temporary(parent, |path| {
            DirBuilder::new().mode(0o700).create(path)?;
            File::open(path)
        })?;
        Ok(Self { temporary, target: target.to_owned(), ours, _lock: lock, leftover: true })
    }

    /// Where it is until it is published.
    pub(crate) fn path(&self) -> &Path {
        &self.temporary
    }

    /// Adds a file.
    pub(crate) fn write(&self, name: &str, bytes: &[u8], access: Access) -> Result<()> {
        let path = self.temporary.join(name);
        let shown = self.target.join(name);
        let file = OpenOptions::new().write(true).create_new(true).mode(access.mode()).open(&path);
        fill(&shown, &file.map_err(Error::io("create", &shown))?, bytes, access)
    }

    /// Gives it its name. Where there is something of that name already, `force` decides between replacing the files
    /// that this program wrote there (others are kept) and [`Error::AlreadyExists`].
    pub(crate) fn publish(mut self, force: bool) -> Result<()> {
        sync_dir(&self.temporary)?;
        loop {
            match fs::rename(&self.temporary, &self.target) {
                Ok(()) => {
                    self.leftover = false;
                    break;
                }
                // A directory that is not empty is never replaced by rename(2), nor is a file by a directory.
                Err(error) if in_the_way(&error) && !force => {
                    return Err(Error::AlreadyExists { path: self.target.clone() });
                }
                Err(error) if in_the_way(&error) => match exchange(&self.temporary, &self.target) {
                    Ok(()) => {
                        self.keep_foreign_files()?;
                        break;
                    }
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(Error::io("replace", &self.target)(error)),
                },
                Err(error) => return Err(Error::io("create", &self.target)(error)),
            }
        }
        sync_dir(self.target.parent().unwrap_or(Path::new(".")))
    }

    /// After the exchange the temporary name is that of the old directory.
    fn keep_foreign_files(&self) -> Result<()> {
        for entry in fs::read_dir(&self.temporary).map_err(Error::io("list", &self.temporary))? {
            let entry = entry.map_err(Error::io("list", &self.temporary))?;
            let ours = entry.file_name().to_str().is_some_and(|name| is_ours(name, self.ours));
            if !ours {
                let kept = self.target.join(entry.file_name());
                fs::rename(entry.path(), &kept).map_err(Error::io("keep", kept))?;
            }
        }
        Ok(())
    }
}

impl Drop for StagedDir {
    fn drop(&mut self) {
        if self.leftover {
            log_failure(&self.temporary, remove_ours(&self.temporary, self.ours));
        }
    }
}

fn in_the_way(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, DirectoryNotEmpty, NotADirectory};
    matches!(error.kind(), AlreadyExists | DirectoryNotEmpty | NotADirectory)
}

/// Swaps two directories in one step, so that no moment is without either.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

/// Other systems have no such call. A crash between the steps leaves the old directory under its temporary name.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    let aside = one.with_extension("old");
    fs::rename(other, &aside)?;
    fs::rename(one, other)?;
    fs::rename(&aside, one)
}

fn is_ours(name: &str, ours: &[&str]) -> bool {
    ours.contains(&name) || name.starts_with(TEMPORARY)
}

/// Removes the directory with the files of ours; it stays if there are others.
fn remove_ours(directory: &Path, ours: &[&str]) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| is_ours(name, ours)) {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_dir(directory)
}

/// Removes what processes that are gone have left in `directory`.
pub(crate) fn sweep(directory: &Path, ours: &[&str]) -> Result<()> {
    for entry in fs::read_dir(directory).map_err(Error::io("list", directory))? {
        let entry = entry.map_err(Error::io("list", directory))?;
        if !entry.file_name().to_str().is_some_and(|name| name.starts_with(TEMPORARY)) {
            continue;
        }
        let path = entry.path();
        let abandoned = match File::open(&path) {
            Ok(handle) => handle.try_lock().is_ok().then_some(handle),
            Err(error) => {
                log_failure(&path, Err(error));
                None
            }
        };
        if abandoned.is_some() {
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            log_failure(&path, if is_dir { remove_ours(&path, ours) } else { fs::remove_file(&path) });
        }
    }
    Ok(())
}

/// A leftover that cannot be removed harms nobody: it is worth a word, but no failure.
fn log_failure(path: &Path, result: io::Result<()>) {
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::debug!(path = %path.display(), %error, "a temporary file stays");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &[&str] = &["a", "b"];

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
    fn a_directory_appears_once_unless_forced() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("alice");
        let make = |text: &[u8], force| {
            let staged = StagedDir::new(&target, OURS)?;
            staged.write("a", text, Access::Secret)?;
            staged.publish(force)
        };
        make(b"one", false).unwrap();
        assert_eq!(fs::metadata(&target).unwrap().mode() & 0o777, 0o700);
        assert!(matches!(make(b"two", false), Err(Error::AlreadyExists { .. })));
        assert_eq!(fs::read(target.join("a")).unwrap(), b"one");
        fs::write(target.join("b"), b"old").unwrap();
        fs::write(target.join("notes.txt"), b"mine").unwrap();
        make(b"two", true).unwrap();
        assert_eq!(fs::read(target.join("a")).unwrap(), b"two");
        assert_eq!(names(&target), ["a", "notes.txt"]);
        assert_eq!(names(dir.path()), ["alice"]);
        let file = dir.path().join("bob");
        fs::write(&file, b"x").unwrap();
        let staged = StagedDir::new(&file, OURS).unwrap();
        assert!(matches!(staged.publish(false), Err(Error::AlreadyExists { .. })));
    }

    #[test]
    fn of_many_writers_one_wins() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("alice");
        let won = thread::scope(|scope| {
            let tries: Vec<_> = (0..8)
                .map(|i: u8| {
                    let (target, root) = (&target, dir.path());
                    scope.spawn(move || {
                        sweep(root, OURS).unwrap();
                        let staged = StagedDir::new(target, OURS).unwrap();
                        staged.write("a", &[i; 100], Access::Public).unwrap();
                        staged.publish(false).is_ok()
                    })
                })
                .collect();
            tries.into_iter().filter(|_| true).map(|t| t.join().unwrap()).filter(|won| *won).count()
        });
        assert_eq!(won, 1);
        assert_eq!(names(dir.path()), ["alice"]);
    }

    #[test]
    fn only_the_leftovers_of_the_dead_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".tmp-dead"), b"x").unwrap();
        fs::create_dir(dir.path().join(".tmp-dir")).unwrap();
        fs::write(dir.path().join(".tmp-dir/a"), b"x").unwrap();
        fs::create_dir(dir.path().join(".tmp-other")).unwrap();
        fs::write(dir.path().join(".tmp-other/not-ours"), b"x").unwrap();
        let file = Staged::new(&dir.path().join("a"), b"x", Access::Public).unwrap();
        let directory = StagedDir::new(&dir.path().join("b"), OURS).unwrap();
        sweep(dir.path(), OURS).unwrap();
        assert_eq!(names(dir.path()).len(), 3);
        assert!(dir.path().join(".tmp-other/not-ours").exists());
        file.publish().unwrap();
        directory.publish(false).unwrap();
        assert_eq!(names(dir.path()), [".tmp-other", "a", "b"]);
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
