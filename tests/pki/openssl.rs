//! Second opinions: OpenSSL's command and webpki's own revocation check, on the same lists.
use crate::world::{Ca, now};
use certauthz::crl::{RevocationList, UnverifiedRevocationList};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::{fs, path::Path, process::Command, time::Duration};
use webpki::{
    BorrowedCertRevocationList, CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage,
    RevocationOptionsBuilder, aws_lc_rs::ECDSA_P256_SHA256,
};

fn openssl(directory: &Path, arguments: &[&str]) -> Option<(bool, String)> {
    match Command::new("openssl").args(arguments).current_dir(directory).output() {
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            Some((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
        }
        Err(error) => {
            eprintln!("skipped: openssl cannot be run ({error})");
            None
        }
    }
}

#[test]
fn openssl_reads_the_same_list() {
    let ca = Ca::root("root");
    let der = ca.list(0x1234, &[&[0x77], &[0xab, 0xcd]]);
    let list = UnverifiedRevocationList::parse(&der).unwrap();
    list.verify(&ca.der).unwrap();
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("list"), &der).unwrap();
    fs::write(directory.path().join("ca.pem"), pem::encode(&pem::Pem::new("CERTIFICATE", &ca.der[..]))).unwrap();
    let arguments = ["crl", "-inform", "DER", "-in", "list", "-CAfile", "ca.pem", "-noout", "-text"];
    let Some((ok, text)) = openssl(directory.path(), &arguments) else { return };
    assert!(ok && text.contains("verify OK"), "{text}");
    for entry in list.entries() {
        let hex: String = entry.serial().iter().map(|byte| format!("{byte:02X}")).collect();
        assert!(text.contains(&format!("Serial Number: {hex}")), "{text}");
        assert_eq!(entry.revoked().date.to_string(), "2025-06-01T00:00:00Z");
    }
    assert!(text.contains("Revocation Date: Jun  1 00:00:00 2025 GMT") && text.contains("Key Compromise"), "{text}");
    assert_eq!(list.number().to_string(), "4660");
    assert!(text.contains("4660") || text.contains("0x1234"), "{text}");
    // And it agrees about a broken one.
    let mut broken = der;
    *broken.last_mut().unwrap() ^= 1;
    assert!(RevocationList::verify(&broken, &ca.der).is_err());
    fs::write(directory.path().join("list"), &broken).unwrap();
    let (_, text) = openssl(directory.path(), &arguments).unwrap();
    assert!(!text.contains("verify OK"), "{text}");
}

/// Whether webpki finds the client not revoked; `None` if it cannot use the list.
fn webpki_accepts(ca: &Ca, leaf: &[u8], list: &[u8]) -> Option<bool> {
    let anchor_der = CertificateDer::from(&ca.der[..]);
    let anchors = [webpki::anchor_from_trusted_cert(&anchor_der).unwrap()];
    let leaf = CertificateDer::from(leaf);
    let list = CertRevocationList::from(BorrowedCertRevocationList::from_der(list).ok()?);
    let lists = [&list];
    let options =
        RevocationOptionsBuilder::new(&lists).unwrap().with_expiration_policy(ExpirationPolicy::Enforce).build();
    let time = UnixTime::since_unix_epoch(Duration::from_secs(now().as_second().try_into().unwrap()));
    let leaf = EndEntityCert::try_from(&leaf).unwrap();
    let verdict =
        leaf.verify_for_usage(&[ECDSA_P256_SHA256], &anchors, &[], time, KeyUsage::client_auth(), Some(options), None);
    match verdict {
        Ok(_) => Some(true),
        Err(webpki::Error::CertRevoked) => Some(false),
        Err(_) => None,
    }
}

#[test]
fn webpki_looks_up_the_same() {
    let ca = Ca::root("root");
    let leaf = ca.client();
    for serials in [&[][..], &[&[0x77][..]], &[&[0x78][..], &[0x77, 0]], &[&[1][..], &[0x77]], &[&[0xff][..]]] {
        let der = ca.list(1, serials);
        let ours = RevocationList::verify(&der, &ca.der).unwrap().lookup(&[0x77]).is_none();
        assert_eq!(webpki_accepts(&ca, &leaf, &der), Some(ours), "{serials:?}");
    }
    let namesake = Ca::root("root").list(1, &[]);
    assert_eq!(webpki_accepts(&ca, &leaf, &namesake), None);
    assert!(RevocationList::verify(&namesake, &ca.der).is_err());
}
