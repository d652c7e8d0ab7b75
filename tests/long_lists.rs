//! Long lists, as `crl generate` makes them: read, verified and looked up as others do it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use certauthz::crl::{RevocationList, UnverifiedRevocationList, pem_or_der};
use std::{collections::BTreeMap, fs, path::Path, process::Command};
use x509_parser::prelude::{CertificateRevocationList, FromDer as _};

/// Runs the program in `directory`; its standard output.
fn certauthz(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_certauthz")).args(arguments).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn world(key: &str, size: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let key = ["ca", "create", "--name", "primary", "--key-type", key, "--key-size", size];
    certauthz(directory.path(), &key);
    directory
}

fn ca_der(directory: &Path) -> Vec<u8> {
    pem::parse(fs::read(directory.join("credentials/primary/ca.crt")).unwrap()).unwrap().into_contents()
}

#[test]
fn a_generated_list_is_what_x509_parser_and_openssl_read() {
    let world = world("rsa", "2048");
    let directory = world.path();
    let generate = |seed, out| {
        certauthz(
            directory,
            &["crl", "generate", "--ca", "primary", "--entries", "20000", "--seed", seed, "--out", out],
        )
    };
    generate("7", "list.der");
    let der = fs::read(directory.join("list.der")).unwrap();
    let list = RevocationList::verify_owned(der.clone(), [ca_der(directory)]).unwrap();
    assert_eq!(list.len(), 20_000);

    let (rest, theirs) = CertificateRevocationList::from_der(&der).unwrap();
    assert!(rest.is_empty());
    let plain: BTreeMap<Vec<u8>, (i64, u8)> = theirs
        .iter_revoked_certificates()
        .map(|entry| {
            let reason = entry.reason_code().map_or(0, |(_, reason)| reason.0);
            (entry.user_certificate.to_bytes_be(), (entry.revocation_date.timestamp(), reason))
        })
        .collect();
    assert_eq!(plain.len(), 20_000);
    assert!(plain.values().any(|(_, reason)| *reason == 1) && plain.values().any(|(_, reason)| *reason == 0));
    for (serial, expected) in &plain {
        let revoked = list.lookup(serial).unwrap();
        assert_eq!((revoked.date.as_second(), revoked.reason.code()), *expected, "{serial:x?}");
        // Its neighbours are not on the list.
        for change in [1, 0x80] {
            let mut other = serial.clone();
            other[5] ^= change;
            assert_eq!(list.lookup(&other).is_some(), plain.contains_key(&other));
        }
    }

    let arguments =
        ["crl", "-in", "list.der", "-inform", "DER", "-noout", "-CAfile", "credentials/primary/ca.crt", "-verify"];
    match Command::new("openssl").args(arguments).current_dir(directory).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            assert!(said.contains("verify OK"), "{said}");
        }
        Err(error) => eprintln!("skipped: openssl cannot be run ({error})"),
    }
}

#[test]
fn numbers_rise_and_seeds_repeat() {
    let world = world("ec", "256");
    let directory = world.path();
    let generate = |entries, seed, out| {
        certauthz(
            directory,
            &["crl", "generate", "--ca", "primary", "--entries", entries, "--seed", seed, "--out", out],
        );
        let der = pem_or_der(fs::read(directory.join(out)).unwrap()).unwrap();
        let list = UnverifiedRevocationList::parse(&der).unwrap();
        let serials: Vec<_> = list.entries().map(|entry| entry.serial().to_vec()).collect();
        (list.number().to_u128().unwrap(), serials)
    };
    let (first, one) = generate("100", "1", "one.crl");
    let (second, same) = generate("100", "1", "same.der");
    let (third, other) = generate("100", "2", "credentials/primary/ca.crl");
    assert!(first < second && second < third);
    assert!(one == same && one != other && one.len() == 100);
    // The certificates of this CA that were revoked are on every one of its lists.
    certauthz(directory, &["client", "create", "--name", "mallory", "--ca", "primary", "--scope", "bob.user.read"]);
    certauthz(directory, &["crl", "revoke", "--ca", "primary", "--client", "mallory"]);
    let (_, more) = generate("100", "1", "credentials/primary/ca.crl");
    assert_eq!(more.len(), 101);
    let said = certauthz(directory, &["verify", "crl", "--ca", "primary", "credentials/primary/ca.crl", "--explain"]);
    assert!(said.contains("101 entries"), "{said}");
}
