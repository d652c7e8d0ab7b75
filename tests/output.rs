//! The streams: a reader that goes away, a full disk, colour.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![cfg(unix)]

use std::{
    fs::OpenOptions,
    process::{Command, Stdio},
};

fn certauthz() -> Command {
    Command::new(env!("CARGO_BIN_EXE_certauthz"))
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    for arguments in [&["completions", "bash"][..], &["--help"], &["--format", "json", "completions", "zsh"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = certauthz().args(arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported() {
    for arguments in
        [&["completions", "bash"][..], &["--help"], &["--version"], &["--format", "json", "completions", "fish"]]
    {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = certauthz().args(arguments).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {told}");
        assert!(told.starts_with("error: cannot write to standard output: "), "{arguments:?}: {told}");
    }
}

#[test]
fn no_colour_where_there_is_no_terminal() {
    let output = certauthz().args(["ca", "show", "--nome", "x"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(!output.stderr.contains(&0x1b), "{}", String::from_utf8_lossy(&output.stderr));
}
