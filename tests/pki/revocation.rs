//! Revocation of a path: all at once from files, and on every use from a store.
use crate::world::{Ca, RawList, assert_refused, at, check, now};
use certauthz::{
    cert::chain::{Anchors, MAX_REVOCATION_LISTS, Path, Purpose, Revocation, validate},
    crl::{RevocationList, RevocationStore, StalePolicy, Staleness},
    error::Rejection,
};
use jiff::{SignedDuration, Timestamp};
use rcgen::{KeyPair, KeyUsagePurpose, SerialNumber};

const REVOKED: &str = "certificate_revoked";
const UNKNOWN: &str = "revocation_unknown";

fn check_lists(
    leaf: &[u8],
    intermediates: &[&[u8]],
    anchors: &[&[u8]],
    lists: &[&[u8]],
    at: Timestamp,
) -> Result<Path, Rejection> {
    let anchors = Anchors::new(anchors.iter().copied()).unwrap();
    validate(leaf, intermediates, &anchors, Purpose::ClientAuth, Revocation::Check(lists), at)
}

#[test]
fn every_certificate_of_the_path_is_looked_up() {
    let root = Ca::root("root");
    let middle = root.child("middle", |p| p.serial_number = Some(SerialNumber::from_slice(&[0x99])));
    let leaf = middle.client();
    let run = |lists: &[&[u8]]| check_lists(&leaf, &[&middle.der], &[&root.der], lists, now());
    let (of_root, of_middle) = (root.list(1, &[&[0x77]]), middle.list(1, &[&[0x99]]));
    run(&[&of_root, &of_middle]).unwrap();
    run(&[b"junk", &of_middle, &Ca::root("x").list(1, &[&[0x77]]), &of_root]).unwrap();
    assert_refused(run(&[&of_root, &middle.list(1, &[&[5], &[0x77]])]), REVOKED, "serial 77");
    assert_refused(run(&[&root.list(1, &[&[0x99]]), &of_middle]), REVOKED, "serial 99");
    assert_refused(run(&[&of_middle]), UNKNOWN, "\"CN=root\"");
    assert_refused(run(&[&of_root]), UNKNOWN, "\"CN=middle\"");
    assert_refused(run(&[]), UNKNOWN, "");
    assert_refused(run(&[b"junk"]), UNKNOWN, "broken DER");
    assert_refused(run(&vec![&of_root[..]; MAX_REVOCATION_LISTS + 1]), UNKNOWN, "more than");
}

#[test]
fn the_newest_list_decides_and_must_be_current() {
    let root = Ca::root("root");
    let leaf = root.client();
    let run = |lists: &[&[u8]], time: &str| check_lists(&leaf, &[], &[&root.der], lists, at(time));
    let (free, held) = (root.list(8, &[]), root.list(7, &[&[0x77]]));
    run(&[&free, &held], "2026-01-01T00:00:00Z").unwrap();
    assert_refused(run(&[&free, &root.list(9, &[&[0x77]])], "2026-01-01T00:00:00Z"), REVOKED, "");
    run(&[&free], "2026-01-06T23:59:59.999Z").unwrap();
    assert_refused(run(&[&free], "2026-01-07T00:00:00Z"), UNKNOWN, "was due at 2026-01-07T00:00:00Z");
    assert_refused(run(&[&held], "2026-02-01T00:00:00Z"), REVOKED, "");
    run(&[&free], "2025-12-30T23:55:00Z").unwrap();
    assert_refused(run(&[&free], "2025-12-30T23:54:59Z"), UNKNOWN, "valid from 2025-12-31T00:00:00Z");
}

#[test]
fn a_list_counts_only_with_its_issuers_key_and_permission() {
    let root = Ca::root("root");
    let leaf = root.client();
    let run = |anchor: &[u8], lists: &[&[u8]]| check_lists(&leaf, &[], &[anchor], lists, now());
    // A CA of the same name; and the list of the key before or after.
    let namesake = Ca::root("root").list(3, &[]);
    assert_refused(run(&root.der, &[&namesake]), UNKNOWN, "another key");
    run(&root.der, &[&namesake, &root.list(1, &[])]).unwrap();
    assert_refused(run(&root.der, &[&namesake, &root.list(1, &[&[0x77]])]), REVOKED, "");
    let unnamed_key = Ca::root("root").raw_list(&RawList::default());
    assert_refused(run(&root.der, &[&unnamed_key]), UNKNOWN, "signature does not verify");
    let only_certificates = root.again(|p| p.key_usages = vec![KeyUsagePurpose::KeyCertSign]);
    assert_refused(run(&only_certificates, &[&root.list(1, &[])]), UNKNOWN, "cRLSign");
    run(&root.again(|p| p.key_usages.clear()), &[&root.list(1, &[])]).unwrap();
}

#[test]
fn two_keys_of_one_ca_have_two_lists() {
    let old = Ca::root("root");
    let new = old.child_with_key("root", KeyPair::generate().unwrap(), |p| {
        p.serial_number = Some(SerialNumber::from_slice(&[0x99]));
    });
    let leaf = new.client();
    let run = |lists: &[&[u8]]| check_lists(&leaf, &[&new.der], &[&old.der], lists, now());
    run(&[&old.list(1, &[]), &new.list(1, &[])]).unwrap();
    assert_refused(run(&[&old.list(1, &[&[0x77]])]), UNKNOWN, "another key");
    assert_refused(run(&[&old.list(1, &[]), &new.list(1, &[&[0x77]])]), REVOKED, "");
    assert_refused(run(&[&old.list(1, &[&[0x99]]), &new.list(1, &[])]), REVOKED, "serial 99");
}

#[test]
fn a_remembered_path_is_asked_again_on_every_use() {
    let root = Ca::root("root");
    let middle = root.child("middle", |p| {
        p.serial_number = Some(SerialNumber::from_slice(&[0x99]));
        p.not_after = rcgen::date_time_ymd(2026, 3, 1);
    });
    let path = check(&middle.client(), &[&middle.der], &[&root.der]).unwrap();
    assert_eq!(path.not_after(), at("2026-03-01T00:00:00Z"));
    path.check_validity(at("2026-03-01T00:00:00.5Z")).unwrap();
    let word = |result: Result<(), Rejection>| result.unwrap_err().reason().as_str();
    assert_eq!(word(path.check_validity(at("2026-03-01T00:00:01Z"))), "certificate_untrusted");
    assert_eq!(word(path.check_validity(at("2027-03-01T00:00:01Z"))), "certificate_expired");
    assert_eq!(word(path.check_validity(at("2024-12-31T23:59:59.5Z"))), "certificate_not_yet_valid");

    let mut store = RevocationStore::new();
    let mut offer = |ca: &Ca, number, serials: &[&[u8]]| {
        store.offer(RevocationList::verify(&ca.list(number, serials), &ca.der).unwrap()).unwrap();
        store.clone()
    };
    let ask = |store: &RevocationStore, policy, time: &str| path.check_revocation(store, policy, at(time));
    let today = "2026-01-01T00:00:00Z";
    let only_root = offer(&root, 1, &[]);
    assert_eq!(ask(&only_root, StalePolicy::FailOpen, today).unwrap_err().reason().as_str(), UNKNOWN);
    let both = offer(&middle, 1, &[]);
    assert_eq!(ask(&both, StalePolicy::FailClosed, today).unwrap(), Staleness::Current);
    let late = "2026-01-07T00:10:00Z";
    assert_eq!(ask(&both, StalePolicy::FailClosed, late).unwrap_err().reason().as_str(), UNKNOWN);
    let policy = StalePolicy::Grace(SignedDuration::from_mins(15));
    let tolerated = Staleness::Tolerated { since: at("2026-01-07T00:00:00Z"), policy };
    assert_eq!(ask(&both, policy, late).unwrap(), tolerated);
    let revoked = offer(&root, 2, &[&[0x99]]);
    assert_eq!(ask(&revoked, StalePolicy::FailOpen, late).unwrap_err().reason().as_str(), REVOKED);
}
