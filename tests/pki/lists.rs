//! Reading and verifying lists: what is understood, and what is refused rather than misunderstood.
use crate::world::{Ca, RawList, at, der, entry, extension};
use certauthz::crl::{
    CrlError, CrlNumber, MAX_BYTES, Offered, RevocationList, RevocationReason, RevocationStore,
    UnverifiedRevocationList,
};
use rcgen::KeyUsagePurpose;

const NUMBER: [u8; 3] = [0x55, 0x1d, 20];

#[test]
fn a_list_tells_what_is_on_it() {
    let ca = Ca::root("root");
    let der = ca.list(300, &[&[1], &[0xff; 20], &[0x80, 0]]);
    let unverified = UnverifiedRevocationList::parse(&der).unwrap();
    let serials: Vec<_> = unverified.entries().map(|e| e.serial().to_vec()).collect();
    assert_eq!(serials, [vec![1], vec![0xff; 20], vec![0x80, 0]]);
    let list = RevocationList::verify(&der, &ca.der).unwrap();
    assert_eq!((list.len(), list.is_empty(), list.number()), (3, false, CrlNumber::from(300)));
    assert_eq!((list.this_update(), list.next_update()), (at("2025-12-31T00:00:00Z"), at("2026-01-07T00:00:00Z")));
    for serial in [&[1][..], &[0xff; 20], &[0x80, 0]] {
        let revoked = list.lookup(serial).unwrap();
        assert_eq!(revoked.date, at("2025-06-01T00:00:00Z"));
        assert_eq!(revoked.reason, RevocationReason::KeyCompromise);
    }
    for absent in [&[][..], &[2], &[0, 1], &[1, 0], &[0xff], &[0xff; 19], &[0xff; 21], &[0; 300], &[0x80]] {
        assert_eq!(list.lookup(absent), None, "{absent:?}");
    }
    let empty = RevocationList::verify(&ca.list(1, &[]), &ca.der).unwrap();
    assert!(empty.is_empty() && empty.lookup(&[1]).is_none() && empty.lookup(&[]).is_none());
}

#[test]
fn many_entries() {
    let ca = Ca::root("root");
    let serial = |n: u32| [&[1][..], &n.to_be_bytes()].concat();
    let entries = (0..20_000).step_by(2).map(|n| entry(&serial(n), &[])).collect();
    let der = ca.raw_list(&RawList { entries: Some(entries), ..RawList::default() });
    let list = RevocationList::verify(&der, &ca.der).unwrap();
    assert_eq!(list.len(), 10_000);
    for n in 0..20_000 {
        assert_eq!(list.lookup(&serial(n)).is_some(), n % 2 == 0, "{n}");
    }
}

/// A list whose default content is changed.
fn verify(change: impl FnOnce(&mut RawList)) -> Result<RevocationList, CrlError> {
    let ca = Ca::root("root");
    let mut list = RawList::default();
    change(&mut list);
    RevocationList::verify(&ca.raw_list(&list), &ca.der)
}

fn with_extension(oid: &[u8], critical: bool, value: &[u8]) -> Result<RevocationList, CrlError> {
    verify(|list| list.extensions.as_mut().unwrap().push(extension(oid, critical, value)))
}

fn with_entry(serial: &[u8], extensions: &[Vec<u8>]) -> Result<RevocationList, CrlError> {
    verify(|list| list.entries = Some(vec![entry(serial, extensions)]))
}

#[track_caller]
fn malformed(result: Result<RevocationList, CrlError>, text: &str) {
    match result {
        Err(CrlError::Malformed(why)) if why.contains(text) => {}
        other => panic!("wanted malformed ({text}), got {other:?}"),
    }
}

#[test]
fn what_a_list_must_have() {
    assert_eq!(verify(|_| {}).unwrap().number(), CrlNumber::from(7));
    assert!(verify(|list| list.entries = Some(vec![])).unwrap().is_empty());
    assert_eq!(verify(|list| list.version = None).unwrap_err(), CrlError::Version);
    assert_eq!(verify(|list| list.version = Some(2)).unwrap_err(), CrlError::Version);
    assert_eq!(verify(|list| list.next_update = None).unwrap_err(), CrlError::NextUpdateMissing);
    assert_eq!(verify(|list| list.extensions = None).unwrap_err(), CrlError::NumberMissing);
    assert_eq!(verify(|list| list.extensions = Some(vec![])).unwrap_err(), CrlError::NumberMissing);
    malformed(verify(|list| list.next_update = Some("251230000000Z")), "before its thisUpdate");
    malformed(verify(|list| list.next_update = Some("261330000000Z")), "DER");
    malformed(verify(|list| list.issuer = Some(der(0x30, &[]))), "no name");
    let other = crate::world::subject(&Ca::root("other").der);
    let wrong = verify(|list| list.issuer = Some(other)).unwrap_err();
    assert_eq!(wrong, CrlError::WrongIssuer { issuer: "CN=root".to_owned() });
}

#[test]
fn numbers() {
    let number = |critical, value: &[u8]| {
        let value = value.to_vec();
        verify(move |list| list.extensions = Some(vec![extension(&NUMBER, critical, &value)]))
    };
    let big = number(false, &[&[2, 20, 0x7f][..], &[0; 19]].concat()).unwrap().number();
    assert!(big > CrlNumber::from(u64::MAX) && big.to_u128().is_none());
    assert_eq!(big.to_string(), format!("0x7f{}", "0".repeat(38)));
    assert_eq!(number(false, &[2, 1, 0]).unwrap().number().to_u128(), Some(0));
    malformed(number(false, &[2, 1, 0x80]), "negative");
    malformed(number(false, &[&[2, 21, 1][..], &[0; 20]].concat()), "20 bytes");
    malformed(number(false, &[2, 2, 0, 1]), "DER");
    malformed(number(true, &[2, 1, 1]), "critical");
    malformed(with_extension(&NUMBER, false, &[2, 1, 7]), "twice");
}

#[test]
fn lists_that_are_not_the_whole_truth_are_refused() {
    assert_eq!(with_extension(&[0x55, 0x1d, 27], true, &[2, 1, 6]).unwrap_err(), CrlError::Delta);
    for critical in [true, false] {
        let scope = with_extension(&[0x55, 0x1d, 28], critical, &[0x30, 3, 0x81, 1, 0xff]);
        assert_eq!(scope.unwrap_err(), CrlError::IssuingDistributionPoint);
    }
    let unknown = CrlError::CriticalExtension { oid: "1.3.6.1.4.1.99999.1".to_owned() };
    let oid = [0x2b, 6, 1, 4, 1, 0x86, 0x8d, 0x1f, 1];
    assert_eq!(with_extension(&oid, true, &[5, 0]).unwrap_err(), unknown);
    with_extension(&oid, false, &[5, 0]).unwrap();
    let of_entry = |critical| with_entry(&[1], &[extension(&oid, critical, &[5, 0])]);
    assert_eq!(of_entry(true).unwrap_err(), unknown);
    of_entry(false).unwrap();
    let issuer = with_entry(&[1], &[extension(&[0x55, 0x1d, 29], true, &[0x30, 0])]);
    assert_eq!(issuer.unwrap_err(), CrlError::IssuingDistributionPoint);
}

#[test]
fn entries() {
    let reason = |value: &[u8]| with_entry(&[1], &[extension(&[0x55, 0x1d, 21], false, value)]);
    for &known in RevocationReason::ALL {
        let list = reason(&[10, 1, known.code()]).unwrap();
        assert_eq!(list.lookup(&[1]).unwrap().reason, known);
        assert_eq!(known.as_str().parse::<RevocationReason>().unwrap(), known);
    }
    assert!("bored".parse::<RevocationReason>().unwrap_err().hint().unwrap().contains("keyCompromise"));
    assert_eq!(with_entry(&[1], &[]).unwrap().lookup(&[1]).unwrap().reason, RevocationReason::Unspecified);
    for bad in [&[10, 1, 7][..], &[10, 1, 11], &[10, 2, 0, 1]] {
        malformed(reason(bad), "reason code");
    }
    let code = extension(&[0x55, 0x1d, 21], false, &[10, 1, 1]);
    malformed(with_entry(&[1], &[code.clone(), code]), "two reason codes");
    malformed(with_entry(&[1; 22], &[]), "serial");
    malformed(with_entry(&[], &[]), "DER");
    malformed(with_entry(&[0, 1], &[]), "DER");
    // A negative number is nobody's, and must not shadow the positive one of the same bytes.
    let negative = with_entry(&[0xff], &[]).unwrap();
    assert_eq!((negative.len(), negative.lookup(&[0xff])), (1, None));
}

#[test]
fn issuer_key_and_signature() {
    let ca = Ca::root("root");
    let good = ca.list(1, &[&[1]]);
    let verify = |list: &[u8], issuer: &[u8]| RevocationList::verify(list, issuer).map(|_| ()).unwrap_err();
    let namesake = Ca::root("root");
    assert_eq!(verify(&good, &namesake.der), CrlError::WrongKey);
    assert_eq!(verify(&namesake.raw_list(&RawList::default()), &ca.der), CrlError::Signature);
    assert_eq!(verify(&good, b"junk"), CrlError::IssuerMalformed);
    let other = CrlError::WrongIssuer { issuer: "CN=other".to_owned() };
    assert_eq!(verify(&good, &Ca::root("other").der), other);
    let no_lists = ca.again(|p| p.key_usages = vec![KeyUsagePurpose::KeyCertSign]);
    assert_eq!(verify(&good, &no_lists), CrlError::IssuerMayNotSign);
    let rsa = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let rsa = Ca { der: ca.params.self_signed(&rsa).unwrap().der().to_vec(), params: ca.params.clone(), key: rsa };
    assert_eq!(verify(&ca.raw_list(&RawList::default()), &rsa.der), CrlError::Algorithm);
    RevocationList::verify(&rsa.list(1, &[]), &rsa.der).unwrap();
    let long = [&good[..], &[0]].concat();
    malformed(RevocationList::verify(&long, &ca.der), "follow");
    malformed(RevocationList::verify(b"", &ca.der), "DER");
    let size = MAX_BYTES + 1;
    assert_eq!(verify(&vec![0; size], &ca.der), CrlError::TooLarge { size });
}

#[test]
fn the_store_keeps_the_newest_of_each_issuer() {
    let (ca, namesake) = (Ca::root("root"), Ca::root("root"));
    let verified =
        |ca: &Ca, number, serials: &[&[u8]]| RevocationList::verify(&ca.list(number, serials), &ca.der).unwrap();
    let mut store = RevocationStore::new();
    assert!(store.is_empty());
    let der = ca.list(5, &[&[1]]);
    let same = || RevocationList::verify(&der, &ca.der).unwrap();
    assert_eq!(store.offer(same()).unwrap(), Offered::Kept);
    assert_eq!(store.offer(same()).unwrap(), Offered::Unchanged);
    let older = CrlError::Older { offered: 4.into(), kept: 5.into() };
    assert_eq!(store.offer(verified(&ca, 4, &[])).unwrap_err(), older);
    assert_eq!(store.offer(verified(&ca, 5, &[])).unwrap_err(), CrlError::Conflicting { number: 5.into() });
    let id = same().issuer();
    assert!(store.get(id).unwrap().lookup(&[1]).is_some());
    assert_eq!(store.offer(verified(&namesake, 1, &[])).unwrap(), Offered::Kept);
    assert_eq!(store.offer(verified(&ca, 6, &[])).unwrap(), Offered::Kept);
    assert!(store.get(id).unwrap().lookup(&[1]).is_none());
    assert_eq!(store.lists().count(), 2);
}
