//! Files that are written while a run goes on.

use super::file::Pending;
use crate::{cli::LoadResultArgs, output::Result};
use certauthz::{
    error::{Error, Result as LibraryResult},
    load::{Piece, csv, hdr_log},
};
use jiff::Timestamp;
use std::{io, path::PathBuf};

/// The files before the run.
pub(super) struct FeedFiles {
    csv: Option<Pending>,
    hdr_log: Option<Pending>,
}

impl FeedFiles {
    /// Makes them, so that a place that cannot be written is found out now.
    pub(super) fn prepare(args: &LoadResultArgs) -> Result<Self> {
        let pending = |path: &Option<PathBuf>| path.as_deref().map(Pending::new).transpose();
        Ok(Self { csv: pending(&args.csv)?, hdr_log: pending(&args.hdr_log)? })
    }

    /// The run begins.
    pub(super) fn begin(self, started: Timestamp) -> LibraryResult<Feeds> {
        let csv = self.csv.map(|file| Feed::new(file, csv::Writer::new)).transpose()?;
        let hdr_log =
            self.hdr_log.map(|file| Feed::new(file, |file| hdr_log::Writer::new(file, started))).transpose()?;
        Ok(Feeds { csv, hdr_log })
    }
}

/// The files during the run.
pub(super) struct Feeds {
    csv: Option<Feed<csv::Writer<Pending>>>,
    hdr_log: Option<Feed<hdr_log::Writer<Pending>>>,
}

impl Feeds {
    /// Whether there are any.
    pub(super) fn wanted(&self) -> bool {
        self.csv.is_some() || self.hdr_log.is_some()
    }

    /// Adds what was measured.
    pub(super) fn write(&mut self, piece: &Piece<'_>) -> LibraryResult<()> {
        if let Some(feed) = &mut self.csv {
            feed.writer.write(piece).map_err(failed(&feed.path))?;
        }
        if let Some(feed) = &mut self.hdr_log {
            feed.writer.write(piece).map_err(failed(&feed.path))?;
        }
        Ok(())
    }

    /// Gives them their names.
    pub(super) fn publish(self) -> LibraryResult<()> {
        self.csv.map_or(Ok(()), |feed| feed.writer.into_inner().publish())?;
        self.hdr_log.map_or(Ok(()), |feed| feed.writer.into_inner().publish())
    }
}

/// A writer, and the file's name for messages.
struct Feed<W> {
    path: PathBuf,
    writer: W,
}

impl<W> Feed<W> {
    fn new(file: Pending, open: impl FnOnce(Pending) -> io::Result<W>) -> LibraryResult<Self> {
        let path = file.shown().to_owned();
        let writer = open(file).map_err(failed(&path))?;
        Ok(Self { path, writer })
    }
}

fn failed(path: &std::path::Path) -> impl FnOnce(io::Error) -> Error + '_ {
    |source| Error::Io { action: "write", path: path.into(), source }
}
