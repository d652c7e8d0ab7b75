//! Project Wycheproof's vectors through this project's own seam: [`PublicKey::from_spki_der`] and [`PublicKey::verify`].
//!
//! Every valid signature is accepted and every invalid one refused. The numbers of vectors are asserted as well: a loop
//! over nothing would pass too.

use certauthz::key::{Algorithm, PublicKey, ecdsa_from_der};
use rsa::{BigUint, RsaPublicKey, pkcs8::EncodePublicKey as _};
use wycheproof::{HashFunction, TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

/// What a set of vectors came to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    accepted: usize,
    refused: usize,
}

impl Tally {
    /// Fails unless `accepted` is what was expected of the vector that `name` stands for.
    fn expect(&mut self, accepted: bool, expected: bool, name: &dyn std::fmt::Debug) {
        assert_eq!(accepted, expected, "{name:?}");
        if accepted { self.accepted += 1 } else { self.refused += 1 }
    }
}

#[test]
fn rsa_pkcs1_v1_5_with_sha256() {
    use rsa_pkcs1_verify::TestName::{Rsa2048Sha256, Rsa3072Sha256, Rsa4096Sha256, Rsa8192Sha256};
    for (name, accepted, refused) in [
        (Rsa2048Sha256, 9, 250),
        (Rsa3072Sha256, 8, 251),
        (Rsa4096Sha256, 7, 251),
        // Larger than what we make; what we read goes up to 8192 bits.
        (Rsa8192Sha256, 7, 251),
    ] {
        let mut tally = Tally::default();
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::from_spki_der(&group.der).unwrap();
            for test in group.tests {
                // "Acceptable" is one vector of each set: the DigestInfo without the NULL that RFC 8017 appendix A.2.4
                // requires. A signature has one form here: refused.
                let expected = test.result == TestResult::Valid;
                let held = key.verify(Algorithm::RsaV15Sha256, &test.msg, &test.sig).is_ok();
                tally.expect(held, expected, &(name, &test));
            }
        }
        assert_eq!(tally, Tally { accepted, refused }, "{name:?}");
    }
}

#[test]
fn rsa_pkcs1_v1_5_with_another_hash_is_refused() {
    let mut tally = Tally::default();
    for name in rsa_pkcs1_verify::TestName::all() {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            if group.hash == HashFunction::Sha2_256 {
                continue;
            }
            let key = PublicKey::from_spki_der(&group.der).unwrap();
            for test in group.tests.iter().filter(|test| test.result == TestResult::Valid) {
                let held = key.verify(Algorithm::RsaV15Sha256, &test.msg, &test.sig).is_ok();
                tally.expect(held, false, &(name, test));
            }
        }
    }
    assert!(tally.refused >= 100, "{tally:?}");
}

/// Of the profile's PSS only the one parameter set is accepted: SHA-512, MGF1 with SHA-512, a salt of 64 bytes.
#[test]
fn rsa_pss_with_sha512() {
    let (mut ours, mut others, mut other_keys) = (Tally::default(), Tally::default(), 0);
    for name in rsa_pss_verify::TestName::all() {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let Ok(key) = PublicKey::from_spki_der(&group.der) else {
                // The sets "with parameters" have keys of the OID id-RSASSA-PSS, which pins parameters to the key.
                // RFC 9421 asks for none and no CA here certifies one: refused when read.
                assert_eq!(group.test_type, rsa_pss_verify::TestGroupTypeId::RsaPssVerifyWithParam);
                other_keys += 1;
                continue;
            };
            let is_ours = group.hash == HashFunction::Sha2_512
                && group.mgf_hash == Some(HashFunction::Sha2_512)
                && group.salt_size == 64;
            for test in group.tests {
                let held = key.verify(Algorithm::RsaPssSha512, &test.msg, &test.sig).is_ok();
                let tally = if is_ours { &mut ours } else { &mut others };
                tally.expect(held, is_ours && test.result == TestResult::Valid, &(name, &test));
            }
        }
    }
    assert!(ours.accepted >= 132 && ours.refused >= 47, "{ours:?}");
    assert!(others.accepted == 0 && others.refused >= 2000, "{others:?}");
    assert!(other_keys >= 5, "{other_keys}");
}

#[test]
fn ecdsa_in_the_fixed_encoding() {
    use ecdsa::TestName::{EcdsaSecp256r1Sha256P1363, EcdsaSecp384r1Sha384P1363};
    for (name, algorithm, accepted, refused) in [
        (EcdsaSecp256r1Sha256P1363, Algorithm::EcdsaP256Sha256, 173, 89),
        (EcdsaSecp384r1Sha384P1363, Algorithm::EcdsaP384Sha384, 193, 87),
    ] {
        let mut tally = Tally::default();
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::from_spki_der(&group.der).unwrap();
            for test in group.tests {
                let held = key.verify(algorithm, &test.msg, &test.sig).is_ok();
                tally.expect(held, test.result == TestResult::Valid, &(name, &test));
            }
        }
        assert_eq!(tally, Tally { accepted, refused }, "{name:?}");
    }
}

/// The DER form is what certificates and key services speak; here it is converted before it is verified.
#[test]
fn ecdsa_in_der() {
    use ecdsa::TestName::{EcdsaSecp256r1Sha256, EcdsaSecp384r1Sha384};
    for (name, algorithm, field_len, accepted, refused) in [
        (EcdsaSecp256r1Sha256, Algorithm::EcdsaP256Sha256, 32, 174, 310),
        (EcdsaSecp384r1Sha384, Algorithm::EcdsaP384Sha384, 48, 194, 310),
    ] {
        let mut tally = Tally::default();
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::from_spki_der(&group.der).unwrap();
            for test in group.tests {
                let held = ecdsa_from_der(&test.sig, field_len)
                    .is_ok_and(|fixed| key.verify(algorithm, &test.msg, &fixed).is_ok());
                tally.expect(held, test.result == TestResult::Valid, &(name, &test));
            }
        }
        assert_eq!(tally, Tally { accepted, refused }, "{name:?}");
    }
}

#[test]
fn ed25519() {
    let mut tally = Tally::default();
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let key = PublicKey::from_spki_der(&group.der).unwrap();
        for test in group.tests {
            let held = key.verify(Algorithm::Ed25519, &test.msg, &test.sig).is_ok();
            tally.expect(held, test.result == TestResult::Valid, &test);
        }
    }
    assert_eq!(tally, Tally { accepted: 88, refused: 63 });
}

/// Keys outside of the profile are refused when they are read: no curve but P-256 and P-384, no Ed448.
#[test]
fn other_curves_are_refused_when_read() {
    let mut refused = 0;
    for name in ecdsa::TestName::all() {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            if matches!(group.key.curve, wycheproof::EllipticCurve::Secp256r1 | wycheproof::EllipticCurve::Secp384r1) {
                continue;
            }
            assert!(PublicKey::from_spki_der(&group.der).is_err(), "{name:?}");
            refused += 1;
        }
    }
    for group in eddsa::TestSet::load(eddsa::TestName::Ed448).unwrap().test_groups {
        assert!(PublicKey::from_spki_der(&group.der).is_err());
        refused += 1;
    }
    assert!(refused >= 1000, "{refused}");
}

/// An RSA modulus has 2048 to 8192 bits, to the bit. No signature is needed to say no.
#[test]
fn rsa_sizes_outside_of_the_policy_are_refused_when_read() {
    let modulus = |bits: usize| (BigUint::from(1_u8) << (bits - 1)) + BigUint::from(0x1_0001_u32);
    let parsed = |bits: usize, exponent: u32| {
        let key = RsaPublicKey::new_unchecked(modulus(bits), BigUint::from(exponent));
        PublicKey::from_spki_der(key.to_public_key_der().unwrap().as_bytes())
    };
    for bits in [512, 1024, 1536, 2040, 2047, 8193, 16384] {
        let error = parsed(bits, 65537).unwrap_err();
        assert!(error.to_string().contains(&bits.to_string()), "{error}");
    }
    for bits in [2048, 3072, 4096, 8192] {
        assert!(parsed(bits, 65537).is_ok(), "{bits}");
    }
    // An exponent of 1 makes every message its own signature.
    for exponent in [0, 1, 2, 65536] {
        assert!(parsed(2048, exponent).is_err(), "{exponent}");
    }
}
