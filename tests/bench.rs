//! `bench`: short runs, whose document is checked, and the keys that it cannot use.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use certauthz::key::{KeyType, LocalKey, Signer as _};
use serde_json::Value;
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

const OPERATIONS: [&str; 8] =
    ["sign", "verify", "request_sign", "jwt", "certificate_cold", "certificate_warm", "request_cold", "request_warm"];

fn certauthz(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_certauthz"));
    command.args(arguments).env("NO_COLOR", "1").env_remove("CERTAUTHZ_PATH");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that does not read it may have ended by now.
    drop(child.stdin.take().unwrap().write_all(input));
    child.wait_with_output().unwrap()
}

fn document(arguments: &[&str], input: &[u8]) -> Value {
    let output = certauthz(&[&["--format", "json", "bench"], arguments].concat(), input);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn kinds(document: &Value) -> Vec<(String, u64)> {
    let keys = document["keys"].as_array().unwrap().iter();
    keys.map(|key| (key["key_type"].as_str().unwrap().to_owned(), key["bits"].as_u64().unwrap())).collect()
}

fn key_file(directory: &Path, name: &str, key_type: KeyType) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, LocalKey::generate(key_type).unwrap().to_pem().as_bytes()).unwrap();
    path
}

#[test]
fn all_key_types_and_operations_are_in_the_document() {
    let document = document(&["--seconds", "0.1"], b"");
    let wanted = [("rsa", 2048), ("rsa", 3072), ("rsa", 4096), ("ec", 256), ("ec", 384), ("ed25519", 256)];
    assert_eq!(kinds(&document), wanted.map(|(kind, bits)| (kind.to_owned(), bits)));
    assert!(document["environment"]["cpus"].as_u64().unwrap() >= 1);
    assert_eq!(document["seconds_per_key"], 0.1);
    for key in document["keys"].as_array().unwrap() {
        assert!(key["rounds"].as_u64().unwrap() >= 5);
        let operations = key["operations"].as_array().unwrap();
        assert_eq!(
            operations.iter().map(|operation| operation["name"].as_str().unwrap()).collect::<Vec<_>>(),
            OPERATIONS
        );
        for operation in operations {
            for field in ["median_ns", "ratio_to_verify", "iterations"] {
                assert!(operation[field].as_f64().unwrap() > 0.0, "{field} of {operation}");
            }
            assert!(operation["spread_ns"].as_f64().unwrap() >= 0.0, "{operation}");
        }
        assert_eq!(operations[1]["ratio_to_verify"], 1.0);
        let [token, request] = ["token", "signed_request"].map(|name| key["header_bytes"][name].as_u64().unwrap());
        assert!(token > 300 && request > token, "{key}");
    }
    for side in ["client", "server", "server_signed_request"] {
        let choice = &document["cheapest"][side];
        assert!(OPERATIONS.contains(&choice["operation"].as_str().unwrap()), "{choice}");
        assert!(choice["median_ns"].as_f64().unwrap() > 0.0);
    }
    assert_eq!(document["cheapest"]["client"]["operation"], "request_sign");
}

#[test]
fn given_keys_alone() {
    let directory = tempfile::tempdir().unwrap();
    let first = key_file(directory.path(), "p384.key", KeyType::EcP384);
    let second = LocalKey::generate(KeyType::Ed25519).unwrap();
    let arguments = ["--seconds", "20ms", "--key", first.to_str().unwrap(), "--key", "-"];
    let document = document(&arguments, second.to_pem().as_bytes());
    assert_eq!(kinds(&document), [("ec".to_owned(), 384), ("ed25519".to_owned(), 256)]);
    assert_eq!(document["keys"][0]["name"], first.to_str().unwrap());
    assert_eq!(document["keys"][1]["name"], "-");
}

#[test]
fn kinds_and_sizes_can_be_chosen() {
    let of = |arguments: &[&str]| kinds(&document(&[&["--seconds", "0.01"], arguments].concat(), b""));
    assert_eq!(of(&["--key-type", "ec"]), [("ec".to_owned(), 256), ("ec".to_owned(), 384)]);
    assert_eq!(of(&["--key-size", "2048", "--key-size", "256"]), [("rsa".to_owned(), 2048), ("ec".to_owned(), 256)]);
}

#[test]
fn the_table_fits_and_nothing_else_is_printed() {
    for quiet in [&[][..], &["-q"]] {
        let arguments = ["bench", "--seconds", "0.01", "--key-type", "ed25519", "--key-type", "ec"];
        let output = certauthz(&[&arguments, quiet].concat(), b"");
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        for word in ["EC P-256", "EC P-384", "Ed25519", "signed request, warm", "for the client: ", "for the server: "]
        {
            assert!(text.contains(word), "{word}: {text}");
        }
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}

#[test]
fn keys_that_cannot_be_used() {
    let directory = tempfile::tempdir().unwrap();
    let good = key_file(directory.path(), "good.key", KeyType::EcP256);
    let pem = fs::read_to_string(&good).unwrap();
    let public = LocalKey::from_pem(pem.as_bytes()).unwrap().public_key().to_pem();
    let contents: [(&str, String, &str); 7] = [
        ("empty.key", String::new(), "no usable PEM block"),
        ("cut.key", pem[..pem.len() / 2].to_owned(), "no usable PEM block"),
        ("junk.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_owned(), "cannot be decoded"),
        ("encrypted.key", pem.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), "ENCRYPTED PRIVATE KEY"),
        ("pkcs1.key", pem.replace("PRIVATE KEY", "RSA PRIVATE KEY"), "RSA PRIVATE KEY"),
        ("public.key", public, "PUBLIC KEY"),
        ("large.key", "x".repeat((4 << 20) + 1), "larger than"),
    ];
    let refused = |path: &Path, word: &str| {
        // The good key first: a bad one is found before anything is measured.
        let arguments = ["bench", "--seconds", "60", "--key", good.to_str().unwrap(), "--key", path.to_str().unwrap()];
        let output = certauthz(&arguments, b"");
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let told = String::from_utf8(output.stderr).unwrap();
        for part in [path.to_str().unwrap(), word, "hint: "] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(output.stdout.is_empty());
    };
    for (name, content, word) in contents {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        refused(&path, word);
    }
    refused(&directory.path().join("absent.key"), "cannot open");
    refused(directory.path(), "cannot read");
}
