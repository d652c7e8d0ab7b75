//! The committed completion scripts are what `completions SHELL` prints.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::{path::Path, process::Command};

const FILES: [(&str, &str); 5] = [
    ("bash", "certauthz.bash"),
    ("zsh", "_certauthz"),
    ("fish", "certauthz.fish"),
    ("powershell", "_certauthz.ps1"),
    ("elvish", "certauthz.elv"),
];

fn certauthz(arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_certauthz")).args(arguments).output().unwrap()
}

/// To renew the files after a change of the command line: `UPDATE_COMPLETIONS=1 cargo test --test completions`.
#[test]
fn committed_scripts_are_current() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    for (shell, file) in FILES {
        let output = certauthz(&["completions", shell]);
        assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {output:?}");
        let path = directory.join(file);
        if std::env::var_os("UPDATE_COMPLETIONS").is_some() {
            std::fs::write(&path, &output.stdout).unwrap();
        }
        let committed = std::fs::read(&path).unwrap();
        assert!(
            committed == output.stdout,
            "{} is out of date: UPDATE_COMPLETIONS=1 cargo test --test completions",
            path.display()
        );
    }
}

#[test]
fn the_bash_script_is_bash() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("certauthz.bash");
    std::fs::write(&path, certauthz(&["completions", "bash"]).stdout).unwrap();
    let Ok(check) = Command::new("bash").arg("-n").arg(&path).output() else {
        eprintln!("no bash here: not checked");
        return;
    };
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
    let complete = "source \"$1\"; COMP_WORDS=(certauthz verify cert --no-c); COMP_CWORD=3; \
                    _certauthz certauthz --no-c cert; echo \"${COMPREPLY[@]}\"";
    let completed = Command::new("bash").args(["-c", complete, "bash"]).arg(&path).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&completed.stdout).trim(), "--no-crl", "{completed:?}");
}
