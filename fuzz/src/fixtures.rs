//! The fixed world of the targets: time, keys, certificates, lists. Made by `fuzz/specimens.rs`.

use certauthz::{
    authz::{Authorities, CertificateVerifier, Policy},
    cert::chain::Anchors,
    crl::{RevocationList, RevocationStore},
    key::{Algorithm, LocalKey, Signer as _},
};
use jiff::Timestamp;
use std::sync::LazyLock;

/// The time at which everything is checked, in seconds.
pub(crate) const NOW: i64 = 1_800_000_000;

pub(crate) static CA: &[u8] = include_bytes!("../fixtures/ca.der");
pub(crate) static SUB: &[u8] = include_bytes!("../fixtures/sub.der");
pub(crate) static CA_LIST: &[u8] = include_bytes!("../fixtures/ca.crl.der");
pub(crate) static SUB_LIST: &[u8] = include_bytes!("../fixtures/sub.crl.der");
pub(crate) static DEEP: &[u8] = include_bytes!("../fixtures/deep.der");
/// The client certificates by their names, which are also their common names.
pub(crate) static CLIENTS: [&[u8]; 4] = [
    include_bytes!("../fixtures/rsa.der"),
    include_bytes!("../fixtures/p256.der"),
    include_bytes!("../fixtures/p384.der"),
    include_bytes!("../fixtures/ed25519.der"),
];

static CA_KEY: LazyLock<LocalKey> = LazyLock::new(|| key(include_bytes!("../fixtures/keys/ca.pem")));
static SUB_KEY: LazyLock<LocalKey> = LazyLock::new(|| key(include_bytes!("../fixtures/keys/sub.pem")));
static CLIENT_KEY: LazyLock<LocalKey> = LazyLock::new(|| key(include_bytes!("../fixtures/keys/ed25519.pem")));

fn key(pem: &[u8]) -> LocalKey {
    LocalKey::from_pem(pem).expect("a fixture")
}

pub(crate) fn now() -> Timestamp {
    Timestamp::constant(NOW, 0)
}

/// Signs as the root CA; all signing here is Ed25519, which is quick and needs no randomness.
pub(crate) fn sign_as_ca(message: &[u8]) -> Vec<u8> {
    CA_KEY.sign(Algorithm::Ed25519, message).expect("a fixture")
}

/// Signs as the intermediate CA.
pub(crate) fn sign_as_sub(message: &[u8]) -> Vec<u8> {
    SUB_KEY.sign(Algorithm::Ed25519, message).expect("a fixture")
}

/// Signs as the client with the Ed25519 key.
pub(crate) fn sign_as_client(message: &[u8]) -> Vec<u8> {
    CLIENT_KEY.sign(Algorithm::Ed25519, message).expect("a fixture")
}

pub(crate) fn anchors() -> Anchors {
    Anchors::new([CA]).expect("a fixture")
}

/// The service `bob.example` with both CAs' lists, remembering this many certificates.
pub(crate) fn verifier(cache: usize) -> CertificateVerifier {
    let mut lists = RevocationStore::new();
    for (list, issuer) in [(CA_LIST, CA), (SUB_LIST, SUB)] {
        lists.offer(RevocationList::verify(list, issuer).expect("a fixture")).expect("a fixture");
    }
    let policy = Policy::new(Authorities::new(["bob.example"]).expect("a fixture"));
    CertificateVerifier::new(anchors(), policy, lists, cache, 1024)
}
