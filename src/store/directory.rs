//! Directories that appear whole or not at all, and what is left of those whose writer was killed.

use super::file::{Access, TEMPORARY, fill, log_failure, sync_dir, temporary};
use crate::error::{Error, Result};
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

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
            match File::open(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                opened => opened.map(Some),
            }
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

#[cfg(test)]
mod tests {
    use super::{super::file::Staged, *};
    use std::{os::unix::fs::MetadataExt as _, thread};

    const OURS: &[&str] = &["a", "b"];

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
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
}
