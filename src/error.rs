//! What can go wrong: [`Error`] for the person at the keyboard, [`Rejection`] for the peer at the other end.
//!
//! An [`Error`] says which value was wrong and why, and [`Error::hint`] names the next step. A [`Rejection`] is not a
//! failure of the program: it is the answer "no", with one of the stable [`Reason`]s that every interface repeats.

mod rejection;

pub use rejection::{Reason, Rejection};

use std::{borrow::Cow, fmt, io, path::PathBuf};

/// The result of a fallible library call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation could not be done. The [`Display`](fmt::Display) text names the value that was wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument is outside of what is allowed; nothing was touched.
    #[error("{what} {value:?}: {why}")]
    InvalidValue {
        /// What the value was given for, e.g. `scope`.
        what: &'static str,
        /// The value as it was given (shortened if very long).
        value: String,
        /// Why it cannot be used.
        why: Cow<'static, str>,
        /// What would be accepted.
        hint: Cow<'static, str>,
    },
    /// A value is well-formed, but the state of the credentials does not allow it.
    #[error("{what} {value:?}: {why}")]
    NotAllowed {
        /// What the value was given for.
        what: &'static str,
        /// The value.
        value: String,
        /// Why it is refused.
        why: Cow<'static, str>,
        /// What to do instead.
        hint: Cow<'static, str>,
    },
    /// Something that was named does not exist.
    #[error("there is no {what} {name:?} in {place}")]
    NotFound {
        /// The kind of thing, e.g. `CA`.
        what: &'static str,
        /// Its name.
        name: String,
        /// Where it was looked for.
        place: String,
        /// How to make it, or to list what there is.
        hint: Cow<'static, str>,
    },
    /// A file is in the way, and overwriting was not asked for.
    #[error("{} already exists", path.display())]
    AlreadyExists {
        /// The file or directory.
        path: PathBuf,
    },
    /// The operating system refused a file operation.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, e.g. `read`.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file was read, but its content is not what it should be.
    #[error("{}: {why}", path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: Cow<'static, str>,
        /// The next step.
        hint: Cow<'static, str>,
    },
    /// A key could not be read, made or used.
    #[error("key: {0}")]
    Key(#[from] crate::key::KeyError),
    /// The CA's database failed.
    #[error("database {}: {source}", path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A certificate, CSR or CRL could not be made.
    #[error("cannot issue {what}: {why}")]
    Issue {
        /// What was to be issued.
        what: &'static str,
        /// Why not.
        why: String,
    },
    /// An HTTP exchange did not take place.
    #[error("{url}: {why}")]
    Network {
        /// The URL that was asked for.
        url: String,
        /// What happened.
        why: String,
        /// The next step.
        hint: Cow<'static, str>,
    },
    /// The operating system refused something other than a file.
    #[error("cannot {action}: {source}")]
    System {
        /// What was tried, e.g. `start a thread`.
        action: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// A credential was checked and refused.
    #[error("refused: {0}")]
    Rejected(#[from] Rejection),
}

impl Error {
    /// The next step for the person who sees this error.
    pub fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::InvalidValue { hint, .. }
            | Self::NotAllowed { hint, .. }
            | Self::NotFound { hint, .. }
            | Self::BadFile { hint, .. }
            | Self::Network { hint, .. } => (!hint.is_empty()).then(|| Cow::Borrowed(hint.as_ref())),
            Self::AlreadyExists { .. } => Some("pass --force to replace it, or choose another --name or --path".into()),
            Self::Io { source, path, action } => {
                match source.kind() {
                    io::ErrorKind::NotFound => {
                        Some("check the path; --path (or CERTAUTHZ_PATH) names the credentials directory".into())
                    }
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
                        if matches!(*action, "create" | "create the directory" | "replace" | "write" | "keep") =>
                    {
                        let place = path.parent().unwrap_or(path).display();
                        Some(format!("check the owner and mode of {place}, and how it is mounted: it is read-only for this user").into())
                    }
                    io::ErrorKind::PermissionDenied => {
                        Some(format!("check the owner and mode of {}", path.display()).into())
                    }
                    io::ErrorKind::StorageFull | io::ErrorKind::FileTooLarge | io::ErrorKind::QuotaExceeded => {
                        Some("free some space and repeat the command: nothing was half-written".into())
                    }
                    io::ErrorKind::IsADirectory => Some("name a file in it".into()),
                    io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => Some(
                        "a file is where a directory should be: check the path, and --path (or CERTAUTHZ_PATH)".into(),
                    ),
                    _ => None,
                }
            }
            Self::Key(error) => error.hint().map(Cow::Borrowed),
            Self::Database { source, path } => Some(match source.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DatabaseBusy) => "another process holds the database: try again".into(),
                Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::ReadOnly) => {
                    let place = path.parent().unwrap_or(path).display();
                    format!("the directory {place} or the file is read-only for this user: check their owner and mode")
                        .into()
                }
                Some(rusqlite::ErrorCode::DiskFull) => {
                    "free some space and repeat the command: the transaction was rolled back".into()
                }
                Some(rusqlite::ErrorCode::SystemIoFailure) => {
                    "is the disk full, or the file not writable? Then repeat the command: nothing was half-written"
                        .into()
                }
                _ => "check the file, or restore ca.db from a backup: without it the CA would reuse serial numbers"
                    .into(),
            }),
            Self::Issue { .. } | Self::System { .. } | Self::Rejected(_) => None,
        }
    }

    /// Whether the caller's arguments alone are at fault (exit code 2 on the command line).
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::InvalidValue { .. })
    }

    /// A value that is not acceptable by its form.
    pub(crate) fn invalid(
        what: &'static str,
        value: impl fmt::Display,
        why: impl Into<Cow<'static, str>>,
        hint: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::InvalidValue { what, value: shortened(value), why: why.into(), hint: hint.into() }
    }

    /// A value that the present state does not allow.
    pub(crate) fn not_allowed(
        what: &'static str,
        value: impl fmt::Display,
        why: impl Into<Cow<'static, str>>,
        hint: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::NotAllowed { what, value: shortened(value), why: why.into(), hint: hint.into() }
    }

    /// A failed file operation, with its path.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.into(), source }
    }

    /// A file whose content is wrong.
    pub(crate) fn bad_file(
        path: impl Into<PathBuf>,
        why: impl Into<Cow<'static, str>>,
        hint: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::BadFile { path: path.into(), why: why.into(), hint: hint.into() }
    }
}

/// A message repeats a value so that its owner recognizes it; a megabyte of it would hide the rest.
fn shortened(value: impl fmt::Display) -> String {
    const LIMIT: usize = 120;
    let text = value.to_string();
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_shortened_in_the_message() {
        let error = Error::invalid("scope", "é".repeat(5000), "too long", "");
        assert!(error.to_string().chars().count() < 200, "{error}");
        assert_eq!(error.hint(), None);
    }
}
