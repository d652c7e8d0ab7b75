//! A second opinion on RSA and SHA-256: the `rsa` and `sha2` crates, which share no code with the library's aws-lc.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use certauthz::key::{Algorithm, KeyType, LocalKey, PublicKey, Signer as _, sha256};
use proptest::prelude::*;
use rsa::{
    Pkcs1v15Sign, Pss, RsaPrivateKey, RsaPublicKey,
    pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _},
};
use sha2::{Digest as _, Sha256, Sha512};
use std::sync::OnceLock;

/// One key in both libraries: ours made it, theirs read its PKCS#8.
fn pair() -> &'static (LocalKey, RsaPrivateKey) {
    static PAIR: OnceLock<(LocalKey, RsaPrivateKey)> = OnceLock::new();
    PAIR.get_or_init(|| {
        let ours = LocalKey::generate(KeyType::Rsa(2048)).unwrap();
        let theirs = RsaPrivateKey::from_pkcs8_pem(&ours.to_pem()).unwrap();
        (ours, theirs)
    })
}

#[test]
fn both_read_each_others_encodings() {
    let (ours, theirs) = pair();
    let spki = ours.public_key().spki_der();
    assert_eq!(RsaPublicKey::from_public_key_der(spki).unwrap(), theirs.to_public_key());
    assert_eq!(theirs.to_public_key().to_public_key_der().unwrap().as_bytes(), spki);
    let again = LocalKey::from_pem(theirs.to_pkcs8_pem(rsa::pkcs8::LineEnding::LF).unwrap().as_bytes()).unwrap();
    assert_eq!(again.public_key(), ours.public_key());
}

proptest! {
    // Both sign with big numbers, one of them in a debug build.
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn what_ours_signs_theirs_verifies(message in proptest::collection::vec(any::<u8>(), 0..300)) {
        let (ours, theirs) = pair();
        let theirs = theirs.to_public_key();
        let v15 = ours.sign(Algorithm::RsaV15Sha256, &message).unwrap();
        prop_assert!(theirs.verify(v15_sha256(), &Sha256::digest(&message), &v15).is_ok());
        let pss = ours.sign(Algorithm::RsaPssSha512, &message).unwrap();
        prop_assert!(theirs.verify(Pss::new_with_salt::<Sha512>(64), &Sha512::digest(&message), &pss).is_ok());
        // PKCS #1 v1.5 is deterministic: the very same bytes.
        prop_assert_eq!(theirs_v15(&message), v15);
    }

    #[test]
    fn what_theirs_signs_ours_verifies(message in proptest::collection::vec(any::<u8>(), 0..300)) {
        let (_, theirs) = pair();
        let spki = theirs.to_public_key().to_public_key_der().unwrap();
        let ours = PublicKey::from_spki_der(spki.as_bytes()).unwrap();
        prop_assert!(ours.verify(Algorithm::RsaV15Sha256, &message, &theirs_v15(&message)).is_ok());
        for (salt, accepted) in [(64, true), (63, false), (32, false), (0, false)] {
            let pss = Pss::new_with_salt::<Sha512>(salt);
            let signature = theirs.sign_with_rng(&mut rsa::rand_core::OsRng, pss, &Sha512::digest(&message)).unwrap();
            let held = ours.verify(Algorithm::RsaPssSha512, &message, &signature).is_ok();
            prop_assert_eq!(held, accepted, "a salt of {} bytes", salt);
        }
    }
}

/// PKCS #1 v1.5 with SHA-256: the DigestInfo prefix of RFC 8017 section 9.2, note 1, written out.
fn v15_sha256() -> Pkcs1v15Sign {
    let prefix = [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
    Pkcs1v15Sign { hash_len: Some(32), prefix: Box::new(prefix) }
}

fn theirs_v15(message: &[u8]) -> Vec<u8> {
    pair().1.sign(v15_sha256(), &Sha256::digest(message)).unwrap()
}

proptest! {
    #[test]
    fn sha256_is_sha256(data in proptest::collection::vec(any::<u8>(), 0..500)) {
        prop_assert_eq!(sha256(&data).to_vec(), Sha256::digest(&data).to_vec());
    }
}
