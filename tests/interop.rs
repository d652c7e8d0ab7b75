//! Other implementations as judges: Python's `cryptography` and PyJWT, and `http-message-signatures` where it is installed.
//!
//! The checks are in `tests/interop/*.py`. They know the formats from their specifications alone. Without Python or its
//! packages each test says so and passes; CERTAUTHZ_PYTHON names the interpreter to use.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    env,
    path::Path,
    process::{Command, Output},
};

const BIN: &str = env!("CARGO_BIN_EXE_certauthz");

fn python() -> Command {
    let mut command = Command::new(env::var_os("CERTAUTHZ_PYTHON").unwrap_or_else(|| "python3".into()));
    command.env("PYTHONDONTWRITEBYTECODE", "1").env_remove("CERTAUTHZ_PATH");
    command
}

/// Why the packages cannot be used, or `None`.
fn missing(packages: &str) -> Option<String> {
    match python().args(["-c", &format!("import {packages}")]).output() {
        Err(error) => Some(format!("no python3: {error}")),
        Ok(done) if !done.status.success() => Some(text(&done).trim().to_owned()),
        Ok(_) => None,
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn certauthz(credentials: &Path, args: &[&str]) {
    let done = Command::new(BIN).arg("--path").arg(credentials).args(args).output().unwrap();
    assert!(done.status.success(), "{args:?}: {}", text(&done));
}

/// A CA on P-256, which is the quickest, with a client of every kind.
fn world(credentials: &Path) {
    certauthz(credentials, &["ca", "create", "--name", "primary", "--key-type", "ec"]);
    for (name, key) in [("rsa", "rsa"), ("p256", "ec"), ("p384", "ec"), ("ed25519", "ed25519")] {
        let mut args = vec!["client", "create", "--ca", "primary", "--scope", "bob.user.read", "--name", name];
        args.extend(["--key-type", key]);
        args.extend((name == "p384").then_some(["--key-size", "384"]).into_iter().flatten());
        certauthz(credentials, &args);
    }
}

/// Runs `tests/interop/SCRIPT`; it asserts by itself.
fn judge(packages: &str, script: &str, part: &str, prepare: impl FnOnce(&Path)) {
    if let Some(why) = missing(packages) {
        println!("skipped: {why}");
        return;
    }
    let credentials = tempfile::tempdir().unwrap();
    prepare(credentials.path());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(script);
    let done = python().arg(script).arg(BIN).arg(credentials.path()).arg(part).output().unwrap();
    print!("{}", String::from_utf8_lossy(&done.stdout));
    assert!(done.status.success(), "{}", text(&done));
}

#[test]
fn what_python_signs_is_accepted() {
    judge("cryptography", "signed_by_python.py", "offline", world);
}

#[test]
fn what_a_signature_library_signs_is_accepted() {
    judge("cryptography", "signed_by_python.py", "library", world);
}

#[test]
fn a_server_accepts_what_python_signs() {
    judge("cryptography", "signed_by_python.py", "online", world);
}

#[test]
fn python_verifies_what_is_signed_here() {
    judge("cryptography", "verified_by_python.py", "", world);
}

#[test]
fn tokens_in_both_directions() {
    judge("cryptography, jwt", "tokens.py", "", |credentials| {
        for (ca, key, size) in [
            ("primary", "ec", "256"),
            ("ca-rsa", "rsa", "2048"),
            ("ca-p384", "ec", "384"),
            ("ca-ed25519", "ed25519", ""),
        ] {
            let mut args = vec!["ca", "create", "--name", ca, "--key-type", key];
            args.extend((!size.is_empty()).then_some(["--key-size", size]).into_iter().flatten());
            certauthz(credentials, &args);
            let name = format!("of-{ca}");
            let args =
                ["client", "create", "--ca", ca, "--scope", "bob.user.read", "--key-type", "ec", "--name", &name];
            certauthz(credentials, &args);
        }
    });
}

#[test]
fn prometheus_reads_the_metrics() {
    judge("prometheus_client.parser", "metrics.py", "", world);
}

#[test]
fn certificates_lists_and_requests() {
    judge("cryptography", "certificates.py", "", world);
}

#[test]
fn the_authorization_server_and_pyjwt() {
    judge("cryptography, jwt", "authority.py", "", |credentials| {
        for (ca, key, size) in [
            ("primary", "ec", "256"),
            ("ca-rsa", "rsa", "2048"),
            ("ca-p384", "ec", "384"),
            ("ca-ed25519", "ed25519", ""),
        ] {
            let mut args = vec!["ca", "create", "--name", ca, "--key-type", key];
            args.extend((!size.is_empty()).then_some(["--key-size", size]).into_iter().flatten());
            certauthz(credentials, &args);
            for (client, key) in [("rsa", "rsa"), ("p256", "ec"), ("p384", "ec"), ("ed25519", "ed25519")] {
                let name = format!("{client}-of-{ca}");
                let mut args = vec!["client", "create", "--ca", ca, "--scope", "bob.user.read", "--name", &name];
                args.extend(["--key-type", key]);
                args.extend((client == "p384").then_some(["--key-size", "384"]).into_iter().flatten());
                certauthz(credentials, &args);
            }
        }
    });
}
