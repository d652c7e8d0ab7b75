//! What leaves the process: results on standard output, errors and messages on standard error, and the exit code.

use crate::cli::Format;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use certauthz::{client::ClientError, error::Error};
use serde::Serialize;
use std::{
    borrow::Cow,
    io::{self, IsTerminal as _, Write as _},
    ops::ControlFlow,
    process::ExitCode,
};

/// The look of what went well, of what did not, and of what to do next.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const NOTE: Style = AnsiColor::Cyan.on_default();

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done, or accepted.
    Done,
    /// A verification, or a server, said no.
    Refused,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Refused => Self::from(1),
        }
    }
}

/// Why a command could not be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The library's account of it.
    #[error(transparent)]
    Library(#[from] Error),
    /// Arguments that cannot be used together, which only the command itself can know.
    #[error("{why}")]
    Usage {
        /// What is wrong with which value.
        why: String,
        /// What to do instead.
        hint: String,
    },
    /// The library's account of it, with a next step that only the command can know.
    #[error("{error}")]
    Hinted {
        /// What is wrong.
        error: Error,
        /// What to do instead.
        hint: String,
    },
    /// The client got no credential or no answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Some of several requests had no usable answer; each was told in its line.
    #[error("{failed} of {times} requests failed")]
    Requests {
        /// How many.
        failed: usize,
        /// Of how many.
        times: usize,
    },
    /// A signal came first.
    #[error("interrupted before anything was measured")]
    Interrupted,
    /// A signal came before it was over.
    #[error("interrupted before it was over")]
    Unfinished,
    /// What was measured is not what it must be.
    #[error("{why}")]
    Threshold {
        /// What it is instead.
        why: String,
    },
    /// Standard output took no more.
    #[error("cannot write to standard output: {0}")]
    Stdout(#[source] io::Error),
    /// The operating system refused something that concerns no file.
    #[error("cannot {action}: {source}")]
    System {
        /// What was tried.
        action: Cow<'static, str>,
        /// What the operating system said.
        source: io::Error,
    },
}

/// What every command returns.
pub(crate) type Result<T = Outcome> = std::result::Result<T, Failure>;

impl Failure {
    /// The next step.
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Library(error) => error.hint(),
            Self::Client(error) => error.hint(),
            Self::Usage { hint, .. } | Self::Hinted { hint, .. } => Some(hint.into()),
            Self::Stdout(source) if source.kind() == io::ErrorKind::StorageFull => Some("free some space".into()),
            Self::Stdout(_)
            | Self::System { .. }
            | Self::Requests { .. }
            | Self::Interrupted
            | Self::Unfinished
            | Self::Threshold { .. } => None,
        }
    }

    /// 1 refused, 2 usage, 99 a threshold that does not hold, 3 anything else.
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Client(ClientError::Refused(_)) => ExitCode::from(1),
            Self::Library(error) | Self::Hinted { error, .. } | Self::Client(ClientError::Library(error)) => {
                match error {
                    Error::Rejected(_) => ExitCode::from(1),
                    error if error.is_usage() => ExitCode::from(2),
                    _ => ExitCode::from(3),
                }
            }
            Self::Usage { .. } => ExitCode::from(2),
            Self::Threshold { .. } => ExitCode::from(99),
            Self::Client(_)
            | Self::Requests { .. }
            | Self::Interrupted
            | Self::Unfinished
            | Self::Stdout(_)
            | Self::System { .. } => ExitCode::from(3),
        }
    }

    /// Tells the failure on standard error.
    pub(crate) fn report(&self) -> ExitCode {
        let mut text = format!("{BAD}error:{BAD:#} {}\n", printable(&self.to_string()));
        if let Some(hint) = self.hint() {
            text.push_str(&format!("{NOTE}hint:{NOTE:#} {}\n", printable(&hint)));
        }
        to_stderr(&text);
        self.exit_code()
    }
}

/// Where results go, and in which form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    format: Format,
    quiet: bool,
}

impl Output {
    pub(crate) fn new(format: Format, quiet: bool) -> Self {
        Self { format, quiet }
    }

    /// Whether results are JSON.
    pub(crate) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Whether nothing but results and errors is wanted.
    pub(crate) fn is_quiet(self) -> bool {
        self.quiet
    }

    /// Prints data that was asked for: the text, or the document.
    pub(crate) fn data(self, text: impl FnOnce() -> String, document: &impl Serialize) -> Result<()> {
        match self.format {
            Format::Text => styled_to_stdout(&text()),
            Format::Json => json_to_stdout(document),
        }
    }

    /// Prints what was done. `--quiet` leaves out the text, which nobody asked for, but not a document.
    pub(crate) fn summary(self, text: impl FnOnce() -> String, document: &impl Serialize) -> Result<()> {
        if self.quiet && !self.is_json() { Ok(()) } else { self.data(text, document) }
    }

    /// Tells on standard error how it goes.
    pub(crate) fn note(self, message: &str) {
        if !self.quiet {
            to_stderr(&format!("{}\n", printable(message)));
        }
    }

    /// Tells something that the person should know on standard error.
    pub(crate) fn warn(self, message: &str, hint: &str) {
        if self.quiet {
            return;
        }
        let mut text = format!("{BAD}warning:{BAD:#} {}\n", printable(message));
        if !hint.is_empty() {
            text.push_str(&format!("{NOTE}hint:{NOTE:#} {}\n", printable(hint)));
        }
        to_stderr(&text);
    }
}

/// Writes bytes as they are.
pub(crate) fn raw_to_stdout(bytes: &[u8]) -> Result<()> {
    stream_to_stdout(bytes).map(drop)
}

/// Writes a part of the output; `Break` where nobody reads it any more.
pub(crate) fn stream_to_stdout(bytes: &[u8]) -> Result<ControlFlow<()>> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        other => other.map(ControlFlow::Continue).map_err(Failure::Stdout),
    }
}

/// Writes what somebody else has made: as it is for a program, and harmless for a terminal.
pub(crate) fn foreign_to_stdout(bytes: &[u8]) -> Result<()> {
    if !io::stdout().is_terminal() {
        return raw_to_stdout(bytes);
    }
    let text = String::from_utf8_lossy(bytes);
    text.lines().try_for_each(|line| raw_to_stdout(format!("{}\n", printable(line)).as_bytes()))
}

fn styled_to_stdout(text: &str) -> Result<()> {
    let mut stdout = anstream::stdout().lock();
    written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// Writes one JSON document.
pub(crate) fn json_to_stdout(document: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(document).map_err(|error| Failure::Stdout(error.into()))?;
    raw_to_stdout(format!("{}\n", escaped_json(&text)).as_bytes())
}

/// The same document without characters that a terminal obeys. JSON itself escapes those below U+0020 only; the others
/// can stand in strings alone, where an escape means the same.
pub(crate) fn escaped_json(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c != '\n' && commands_terminal(c)) {
        return text.into();
    }
    let escape =
        |c: char| if c != '\n' && commands_terminal(c) { format!("\\u{:04x}", u32::from(c)) } else { c.into() };
    text.chars().map(escape).collect()
}

/// Control characters of ASCII and of Latin-1 (U+009B begins a sequence like ESC [ does), line ends, changes of direction.
fn commands_terminal(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A reader that went away (`| head`) has what it wanted: the command goes on, and its exit code stays its own.
fn written(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(Failure::Stdout),
    }
}

/// Standard error is the last resort: if it is closed there is nobody left to tell.
pub(crate) fn to_stderr(text: &str) {
    drop(anstream::stderr().lock().write_all(text.as_bytes()));
}

/// Whether standard error is a terminal that may be coloured.
pub(crate) fn stderr_is_coloured() -> bool {
    AutoStream::choice(&io::stderr()) != ColorChoice::Never
}

/// Text of unknown origin (a certificate's subject, a server's answer), safe for a terminal: control characters, which
/// could move the cursor or forge a line, are written as escapes.
pub(crate) fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if commands_terminal(c) {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Columns padded to the same width, two spaces between them; the last is not padded.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let width = |text: &str| text.chars().count();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|i| rows.iter().filter_map(|row| row.get(i)).map(|cell| width(cell)).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, column) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat((column + 2).saturating_sub(width(cell))));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// [`table`] with a line of titles above it.
pub(crate) fn titled_table(titles: &[&str], rows: &[Vec<String>]) -> String {
    let titles = titles.iter().map(|&title| title.to_owned()).collect();
    table(&[&[titles], rows].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_aligned() {
        let rows = [vec!["a".to_owned(), "bb".to_owned()], vec!["ccc".to_owned(), "d".to_owned(), "e".to_owned()]];
        assert_eq!(table(&rows), "a    bb\nccc  d   e\n");
        assert_eq!(table(&[]), "");
    }

    #[test]
    fn a_terminal_is_not_commanded_by_foreign_text() {
        assert_eq!(printable("a\u{1b}[2Jb\r\nc\u{202e}"), "a\\u{1b}[2Jb\\r\\nc\\u{202e}");
        assert_eq!(printable("Jürgen"), "Jürgen");
    }

    #[test]
    fn json_commands_no_terminal_either() {
        let value = serde_json::json!({"a": "\u{1b}[2J\u{9b}2J\u{7f}\u{202e}\u{2028}é", "b": [1]});
        let text = serde_json::to_string_pretty(&value).unwrap();
        let escaped = escaped_json(&text);
        assert!(!escaped.chars().any(|c| c != '\n' && commands_terminal(c)), "{escaped}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
        assert_eq!(escaped_json("{\n  \"é\": 1\n}"), "{\n  \"é\": 1\n}");
    }

    #[test]
    fn a_reader_that_left_is_no_failure() {
        assert!(written(Err(io::ErrorKind::BrokenPipe.into())).is_ok());
        assert!(matches!(written(Err(io::ErrorKind::StorageFull.into())), Err(Failure::Stdout(_))));
    }
}
