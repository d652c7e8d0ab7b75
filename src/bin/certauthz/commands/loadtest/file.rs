//! Files that appear whole, under their name, when the work is done: a run of an hour should not find out at its end that
//! it cannot write, nor leave half a file behind.

use crate::output::{Failure, Result};
use certauthz::error::{Error, Result as LibraryResult};
use std::{
    fs::{self, Permissions},
    io::{self, BufWriter, Write},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// A file that is being written beside the place that it is for.
#[derive(Debug)]
pub(super) struct Pending {
    /// As it was given.
    shown: PathBuf,
    /// Where it goes: what `shown` leads to, if it is a symbolic link.
    target: PathBuf,
    writer: BufWriter<NamedTempFile>,
}

impl Pending {
    /// Makes the file under a temporary name.
    ///
    /// # Errors
    /// [`Error::Io`] where that cannot be done there, [`Error::BadFile`] where the path is a directory or a device.
    pub(super) fn new(path: &Path) -> Result<Self> {
        if path == Path::new("-") {
            let hint = "for standard output there is --format json; a file of this name is ./-";
            return Err(Failure::Usage { why: "- is no file to write to".into(), hint: hint.into() });
        }
        let io = |action| move |source| Error::Io { action, path: path.into(), source };
        let target = match fs::canonicalize(path) {
            Ok(target) => {
                refuse_others(path, &target)?;
                target
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(error) => return Err(io("open")(error).into()),
        };
        let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::Builder::new()
            .prefix(".certauthz-")
            // A report holds no secrets; the umask takes what it wants.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(directory)
            .map_err(|error| Failure::Hinted {
                // Without the temporary name, which means nothing to anybody.
                error: io("write")(error.kind().into()),
                hint: format!(
                    "name a file in a directory that is there and can be written, unlike {}",
                    directory.display()
                ),
            })?;
        Ok(Self { shown: path.to_owned(), target, writer: BufWriter::new(file) })
    }

    /// Its name, as it was given.
    pub(super) fn shown(&self) -> &Path {
        &self.shown
    }

    /// Gives it its name. What is not published goes away.
    pub(super) fn publish(self) -> LibraryResult<()> {
        let Self { shown, target, writer } = self;
        let io = |source| Error::Io { action: "write", path: shown.clone(), source };
        let file = writer.into_inner().map_err(|error| io(error.into_error()))?;
        file.as_file().sync_all().map_err(io)?;
        file.persist(target).map_err(|error| io(error.error))?;
        Ok(())
    }

    /// Writes all of it.
    pub(super) fn publish_with(mut self, content: &[u8]) -> LibraryResult<()> {
        let io = |source| Error::Io { action: "write", path: self.shown.clone(), source };
        self.writer.write_all(content).map_err(io)?;
        self.publish()
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// A file takes the place of a file, not of `/dev/null` and the like.
fn refuse_others(path: &Path, target: &Path) -> Result<()> {
    if target.is_file() {
        return Ok(());
    }
    Err(Error::BadFile {
        path: path.into(),
        why: "there is something at this place that is no regular file".into(),
        hint: "name a file; for standard output there is --format json".into(),
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn it_appears_whole_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.json");
        fs::write(&path, "old").unwrap();
        drop(Pending::new(&path).unwrap());
        assert_eq!(
            (fs::read_to_string(&path).unwrap(), names(directory.path())),
            ("old".into(), vec!["a.json".into()])
        );
        let mut pending = Pending::new(&path).unwrap();
        pending.write_all(b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        pending.publish().unwrap();
        assert_eq!(
            (fs::read_to_string(&path).unwrap(), names(directory.path())),
            ("new".into(), vec!["a.json".into()])
        );
    }

    #[test]
    fn a_link_stays_one() {
        let directory = tempfile::tempdir().unwrap();
        let (target, link) = (directory.path().join("target"), directory.path().join("link"));
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink("target", &link).unwrap();
        Pending::new(&link).unwrap().publish_with(b"new").unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        assert!(link.is_symlink());
    }

    #[test]
    fn what_cannot_be_written_is_refused_at_once() {
        let directory = tempfile::tempdir().unwrap();
        for bad in [directory.path(), Path::new("-"), Path::new("/dev/null"), &directory.path().join("nowhere/a.json")]
        {
            assert!(Pending::new(bad).is_err(), "{bad:?}");
        }
        assert!(names(directory.path()).is_empty());
        assert!(Path::new("/dev/null").exists());
    }
}
