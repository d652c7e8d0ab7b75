//! The revocation list's file is replaced while the server runs.

use crate::{
    common::{Ca, Client},
    world::{Message, World, accepted, limits, refused},
};
use certauthz::{
    authz::CertificateVerifier, cert::chain::Anchors, crl::RevocationStore, key::KeyType, server::RevocationFile,
};
use jiff::{SignedDuration, Timestamp};
use std::{
    fs,
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

struct Listed {
    world: World,
    mallory: Client,
    dir: TempDir,
}

impl Listed {
    /// A server that has loaded list 1, and watches a file in which there is `content` by then.
    fn new(content: impl FnOnce(&Ca, &Client) -> Option<Vec<u8>>) -> Self {
        let ca = Ca::root_at("Primary CA", Timestamp::now());
        let mallory = ca.client("mallory", KeyType::EcP256, "bob.user.read");
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("ca.crl");
        if let Some(content) = content(&ca, &mallory) {
            fs::write(&path, content).unwrap();
        }
        let files = RevocationFile::new(vec![path], vec![ca.facts.der.clone()]);
        let world = World::serve(ca, limits(), Some(files), |ca, policy| {
            let mut lists = RevocationStore::new();
            lists.offer(ca.crl(1, &[])).unwrap();
            CertificateVerifier::new(Anchors::new([ca.facts.der.clone()]).unwrap(), policy, lists, 100, 10_000)
        });
        Self { world, mallory, dir }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("ca.crl")
    }

    fn verdict(&self) -> (u16, String) {
        self.world.verdict(&Message::signed_by(&self.mallory, "GET", "http://bob.example/cert", b""))
    }

    fn becomes(&self, wanted: &(u16, String)) {
        let start = Instant::now();
        while self.verdict() != *wanted {
            assert!(start.elapsed() < Duration::from_secs(3), "still {:?}", self.verdict());
            sleep(Duration::from_millis(50));
        }
    }

    fn stays(&self, wanted: &(u16, String)) {
        sleep(Duration::from_millis(1300));
        assert_eq!(self.verdict(), *wanted);
    }
}

fn replace(path: &Path, content: &[u8]) {
    let next = path.with_extension("next");
    fs::write(&next, content).unwrap();
    fs::rename(next, path).unwrap();
}

#[test]
fn a_newer_list_is_taken_within_two_seconds_and_nothing_worse_is() {
    let listed = Listed::new(|ca, _| Some(ca.crl_der(1, &[], HOUR)));
    let (ca, path) = (&listed.world.ca, listed.path());
    let revoked = refused(401, "certificate_revoked");
    assert_eq!(listed.verdict(), accepted());

    replace(&path, &ca.crl_der(5, &[&listed.mallory.facts], HOUR));
    listed.becomes(&revoked);
    // Others are not touched.
    assert_eq!(listed.world.verdict(&listed.world.cert()), accepted());

    // A lower number; the same number with other content.
    replace(&path, &ca.crl_der(4, &[], HOUR));
    listed.stays(&revoked);
    replace(&path, &ca.crl_der(5, &[], HOUR));
    listed.stays(&revoked);
    // Another CA of the same name.
    replace(&path, &Ca::root_at("Primary CA", ca.born).crl_der(9, &[], HOUR));
    listed.stays(&revoked);
    // A signature that does not hold, half a list, garbage, nothing, no file.
    let mut forged = ca.crl_der(9, &[], HOUR);
    *forged.last_mut().unwrap() ^= 1;
    let half = ca.crl_der(9, &[], HOUR)[..100].to_vec();
    for bad in [forged, half, b"garbage".to_vec(), Vec::new()] {
        replace(&path, &bad);
        listed.stays(&revoked);
    }
    fs::remove_file(&path).unwrap();
    listed.stays(&revoked);

    // And after all of that the next good one is taken, as PEM and written in place.
    let pem = pem::encode(&pem::Pem::new("X509 CRL", ca.crl_der(10, &[], HOUR)));
    fs::write(&path, pem).unwrap();
    listed.becomes(&accepted());
}

#[test]
fn a_list_that_was_replaced_during_the_start_is_not_missed() {
    let listed = Listed::new(|ca, mallory| Some(ca.crl_der(2, &[&mallory.facts], HOUR)));
    listed.becomes(&refused(401, "certificate_revoked"));
}

#[test]
fn a_list_that_appears_later_is_taken() {
    let listed = Listed::new(|_, _| None);
    assert_eq!(listed.verdict(), accepted());
    sleep(Duration::from_millis(1200));
    replace(&listed.path(), &listed.world.ca.crl_der(2, &[&listed.mallory.facts], HOUR));
    listed.becomes(&refused(401, "certificate_revoked"));
}

#[test]
fn a_list_that_cannot_be_read_is_tried_again() {
    let listed = Listed::new(|_, _| None);
    // A directory in its place cannot be read; what it hides is noticed although it was made long before.
    let (path, aside) = (listed.path(), listed.dir.path().join("aside"));
    replace(&aside, &listed.world.ca.crl_der(2, &[&listed.mallory.facts], HOUR));
    fs::create_dir(&path).unwrap();
    listed.stays(&accepted());
    fs::remove_dir(&path).unwrap();
    fs::rename(aside, &path).unwrap();
    listed.becomes(&refused(401, "certificate_revoked"));
}

#[test]
fn a_stale_list_is_refused_but_replaced_by_a_fresh_one() {
    let listed = Listed::new(|_, _| None);
    replace(&listed.path(), &listed.world.ca.crl_der(2, &[], SignedDuration::from_secs(-10)));
    listed.becomes(&refused(503, "revocation_unknown"));
    let answer = listed.world.ask(listed.world.cert().bytes());
    assert_eq!(answer.header("certauthz-revocation"), Some("stale; policy=fail-closed"));
    replace(&listed.path(), &listed.world.ca.crl_der(3, &[], HOUR));
    listed.becomes(&accepted());
    assert_eq!(listed.world.ask(listed.world.cert().bytes()).header("certauthz-revocation"), None);
}
