//! Revocation lists: read, compared with another reader, and, signed here, looked up.

use super::{
    der,
    fixtures::{CA, CA_LIST, SUB, SUB_LIST, now},
};
use certauthz::crl::{CrlNumber, RevocationList, RevocationStore, StalePolicy, UnverifiedRevocationList, pem_or_der};
use jiff::SignedDuration;
use std::{collections::HashMap, sync::LazyLock};
use x509_parser::prelude::{CertificateRevocationList, FromDer as _};

/// The specimens, each of which gets as far as it can.
static SEEDS: LazyLock<[&[u8]; 4]> = LazyLock::new(|| {
    for (list, issuer) in [(CA_LIST, CA), (SUB_LIST, SUB)] {
        assert!(RevocationList::verify(list, issuer).is_ok());
        let name = UnverifiedRevocationList::parse(list).expect("a fixture").issuer();
        let signed = der::sign_anew(list, name).expect("a fixture");
        assert!(RevocationList::verify(&signed, issuer).is_ok());
    }
    [
        include_bytes!("../seeds/crl/valid"),
        include_bytes!("../seeds/crl/valid-empty"),
        include_bytes!("../seeds/crl/valid-sub"),
        include_bytes!("../seeds/crl/all-reasons"),
    ]
});

/// Whatever is read is read alike by `x509-parser`; a list counts only with its issuer's signature; every entry and
/// nothing else is found.
pub fn crl(data: &[u8]) {
    let Ok(der) = pem_or_der(data.to_vec()) else { return };
    let Ok(list) = UnverifiedRevocationList::parse(&der) else { return };
    compare(&list, &der);
    for (issuer, known) in [(CA, CA_LIST), (SUB, SUB_LIST)] {
        if RevocationList::verify(&der, issuer).is_ok() {
            let seed = |seed: &&[u8]| der::to_be_signed(seed) == der::to_be_signed(&der);
            assert!(seed(&known) || SEEDS.iter().any(seed), "accepted, although nobody signed it");
        }
        let Some(signed) = der::sign_anew(&der, list.issuer()) else { continue };
        if let Ok(verified) = RevocationList::verify(&signed, issuer) {
            look_up(&list, verified);
        }
    }
}

fn compare(list: &UnverifiedRevocationList<'_>, der: &[u8]) {
    let (rest, other) = CertificateRevocationList::from_der(der).expect("read by us, but not by x509-parser");
    assert!(rest.is_empty());
    // A name is opaque here and compared as a whole; the other reader stops where it is broken.
    assert!(list.issuer().starts_with(other.issuer().as_raw()));
    assert_eq!(list.this_update().as_second(), other.last_update().timestamp());
    assert_eq!(Some(list.next_update().as_second()), other.next_update().map(|time| time.timestamp()));
    let number = other.crl_number().expect("a number").to_bytes_be();
    assert_eq!(CrlNumber::from_be_bytes(&number), Some(list.number()));
    let significant = |serial: &[u8]| match serial {
        [0, rest @ ..] => rest.to_vec(),
        _ => serial.to_vec(),
    };
    let ours: Vec<_> =
        list.entries().map(|entry| (entry.serial().to_vec(), entry.revoked().date.as_second())).collect();
    let theirs: Vec<_> = other
        .iter_revoked_certificates()
        .map(|entry| (significant(entry.raw_serial()), entry.revocation_date.timestamp()))
        .collect();
    assert_eq!(ours, theirs);
    assert_eq!(list.len(), ours.len());
    for (ours, theirs) in list.entries().zip(other.iter_revoked_certificates()) {
        let reason = theirs.reason_code().map_or(0, |(_, reason)| reason.0);
        assert_eq!(ours.revoked().reason.code(), reason);
    }
}

fn look_up(list: &UnverifiedRevocationList<'_>, verified: RevocationList) {
    assert_eq!((verified.len(), verified.number()), (list.len(), list.number()));
    let mut entries: HashMap<&[u8], Vec<_>> = HashMap::new();
    for entry in list.entries() {
        // A negative serial is no certificate's: nobody can ask for it.
        if entry.serial().len() < 21 {
            entries.entry(entry.serial()).or_default().push(entry.revoked());
        }
    }
    for (serial, revoked) in &entries {
        match verified.lookup(serial) {
            Some(found) => assert!(revoked.contains(&found)),
            None => assert!(serial.first().is_none_or(|&first| first >= 0x80), "{serial:02x?} is on the list"),
        }
        let mut other = serial.to_vec();
        if let Some(last) = other.last_mut() {
            *last ^= 1;
            // With the high bit it may be a negative one of two bytes, which is not found.
            match verified.lookup(&other) {
                Some(found) => assert!(entries.get(&other[..]).is_some_and(|revoked| revoked.contains(&found))),
                None => assert!(!entries.contains_key(&other[..]) || other[0] >= 0x80, "{other:02x?} is on the list"),
            }
        }
    }
    assert_eq!(verified.lookup(&[0x7f; 64]), None);
    for policy in [StalePolicy::FailClosed, StalePolicy::FailOpen, StalePolicy::Grace(SignedDuration::MAX)] {
        let _ = policy.judge(verified.freshness(now()), now());
    }
    let mut store = RevocationStore::new();
    assert!(store.offer(verified).is_ok());
}
