//! Public keys as JWKs (RFC 7517, RFC 7518 section 6, RFC 8037), written and read.

use super::{KeyError, KeyType, PublicKey, sha256};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

/// The longest modulus that is looked at, in octets: 8192 bits.
const MAX_MODULUS: usize = 1024;
/// The longest exponent. Keys with more than 33 bits are refused by the cryptographic library besides.
const MAX_EXPONENT: usize = 8;

/// SubjectPublicKeyInfo (RFC 5480) up to the point.
const P256_PREFIX: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
const P384_PREFIX: &[u8] =
    b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00";
/// SubjectPublicKeyInfo (RFC 8410) up to the key.
const ED25519_PREFIX: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
/// The AlgorithmIdentifier rsaEncryption (RFC 3279 section 2.3.1).
const RSA_ALGORITHM: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

impl PublicKey {
    /// Reads a public JWK that is for verifying signatures: RSA with 2048 to 8192 bits, P-256, P-384 or Ed25519.
    ///
    /// `use`, `key_ops` and `alg` may be absent; where they are there, they must be `sig`, hold `verify`, and be the
    /// algorithm that the key signs tokens with. Other members are ignored (RFC 7517 section 4).
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] for other kinds, sizes and purposes, [`KeyError::Malformed`] for a member that is missing
    /// or broken, and for a JWK with a private member: a key that was published is nobody's secret.
    pub fn from_jwk(jwk: &Value) -> Result<Self, KeyError> {
        let members = jwk.as_object().ok_or(KeyError::Malformed("a JWK is a JSON object"))?;
        let text = |name| members.get(name).and_then(Value::as_str);
        let spki = match (text("kty"), text("crv")) {
            (Some("RSA"), _) => rsa_spki(&octets(members, "n")?, &octets(members, "e")?)?,
            (Some("EC"), Some("P-256")) => point_spki(P256_PREFIX, members, 32)?,
            (Some("EC"), Some("P-384")) => point_spki(P384_PREFIX, members, 48)?,
            (Some("OKP"), Some("Ed25519")) => {
                [ED25519_PREFIX, &sized(octets(members, "x")?, 32, "an Ed25519 key that has not 32 bytes")?].concat()
            }
            (None, _) => return Err(KeyError::Malformed("a JWK without kty")),
            (Some("EC" | "OKP"), None) => return Err(KeyError::Malformed("a JWK without crv")),
            (Some(_), _) => return Err(KeyError::Unsupported("such".to_owned())),
        };
        if members.contains_key("d") {
            return Err(KeyError::Malformed("a JWK with a private key"));
        }
        let key = Self::from_spki_der(&spki)?;
        key.check_purpose(members)?;
        Ok(key)
    }

    fn check_purpose(&self, members: &Map<String, Value>) -> Result<(), KeyError> {
        let unless = |name, holds: &dyn Fn(&Value) -> bool, kind: &str| match members.get(name) {
            Some(value) if !holds(value) => Err(KeyError::Unsupported(kind.to_owned())),
            _ => Ok(()),
        };
        unless("use", &|usage| usage == "sig", "such (use is not sig)")?;
        let verifies = |operations: &Value| operations.as_array().is_some_and(|all| all.iter().any(|o| o == "verify"));
        unless("key_ops", &verifies, "such (key_ops without verify)")?;
        unless("alg", &|alg| alg == self.key_type().algorithm().jose_name(), "such (another alg)")
    }

    /// The members of the public JWK that identify the key, in the lexicographic order that the thumbprint needs.
    fn jwk_members(&self) -> Value {
        let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self.key_type() {
            KeyType::Rsa(_) => {
                let (n, e) = rsa_components(self.raw()).unwrap_or_default();
                json!({"e": b64(&e), "kty": "RSA", "n": b64(&n)})
            }
            curve @ (KeyType::EcP256 | KeyType::EcP384) => {
                let point = self.raw().get(1..).unwrap_or_default();
                let (x, y) = point.split_at(point.len() / 2);
                let curve = if curve == KeyType::EcP256 { "P-256" } else { "P-384" };
                json!({"crv": curve, "kty": "EC", "x": b64(x), "y": b64(y)})
            }
            KeyType::Ed25519 => json!({"crv": "Ed25519", "kty": "OKP", "x": b64(self.raw())}),
        }
    }

    /// The JWK thumbprint (RFC 7638) with SHA-256, base64url: the `kid` of tokens.
    pub fn thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(sha256(self.jwk_members().to_string().as_bytes()))
    }

    /// The public JWK (RFC 7517) for verifying tokens, with `kid`, `use` and `alg`.
    pub fn to_jwk(&self) -> Value {
        let mut jwk = self.jwk_members();
        if let Value::Object(members) = &mut jwk {
            members.insert("use".into(), "sig".into());
            members.insert("alg".into(), self.key_type().algorithm().jose_name().into());
            members.insert("kid".into(), self.thumbprint().into());
        }
        jwk
    }
}

/// A member that is base64url of octets, not none.
fn octets(members: &Map<String, Value>, name: &str) -> Result<Vec<u8>, KeyError> {
    let text =
        members.get(name).and_then(Value::as_str).ok_or(KeyError::Malformed("a JWK without a part of its key"))?;
    // The longest there can be, so that no more than that is decoded.
    if text.len() > MAX_MODULUS.div_ceil(3) * 4 {
        return Err(KeyError::Unsupported("such large".to_owned()));
    }
    let octets = URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::Malformed("a JWK that is not base64url"))?;
    if octets.is_empty() { Err(KeyError::Malformed("a JWK with an empty part")) } else { Ok(octets) }
}

fn sized(octets: Vec<u8>, len: usize, otherwise: &'static str) -> Result<Vec<u8>, KeyError> {
    // RFC 7518 section 6.2.1.2: leading zeros are there, and nothing more.
    if octets.len() == len { Ok(octets) } else { Err(KeyError::Malformed(otherwise)) }
}

fn point_spki(prefix: &[u8], members: &Map<String, Value>, len: usize) -> Result<Vec<u8>, KeyError> {
    let coordinate = |name| sized(octets(members, name)?, len, "a coordinate that has not the length of its curve");
    Ok([prefix, &[4], &coordinate("x")?, &coordinate("y")?].concat())
}

fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Result<Vec<u8>, KeyError> {
    if modulus.first() == Some(&0) || exponent.first() == Some(&0) {
        // RFC 7518 section 2, Base64urlUInt.
        return Err(KeyError::Malformed("a number with leading zeros"));
    }
    if modulus.len() > MAX_MODULUS || exponent.len() > MAX_EXPONENT {
        return Err(KeyError::Unsupported("such large RSA".to_owned()));
    }
    let key = element(SEQUENCE, &[positive(modulus), positive(exponent)].concat());
    let key = element(BIT_STRING, &[&[0], key.as_slice()].concat());
    Ok(element(SEQUENCE, &[RSA_ALGORITHM, &key].concat()))
}

/// A DER INTEGER of a positive number without leading zeros.
fn positive(number: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if number.first().is_some_and(|&first| first >= 0x80) { &[0] } else { &[] };
    element(INTEGER, &[sign, number].concat())
}

/// A DER element of at most 65,535 octets.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes();
    let header: &[u8] = match (high, low) {
        (0, 0..=0x7f) => &[tag, low],
        (0, _) => &[tag, 0x81, low],
        _ => &[tag, 0x82, high, low],
    };
    [header, content].concat()
}

/// Modulus and exponent of a DER RSAPublicKey, without leading zeros.
fn rsa_components(raw: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let key = aws_lc_rs::rsa::PublicKey::from_der(raw).ok()?;
    Some((
        key.modulus().big_endian_without_leading_zero().to_vec(),
        key.exponent().big_endian_without_leading_zero().to_vec(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{LocalKey, Signer as _};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    /// One of each kind.
    static JWKS: LazyLock<Vec<(LocalKey, Value)>> = LazyLock::new(|| {
        let types = [KeyType::Rsa(2048), KeyType::Rsa(4096), KeyType::EcP256, KeyType::EcP384, KeyType::Ed25519];
        let make = |key_type| {
            let key = LocalKey::generate(key_type).unwrap();
            let jwk = key.public_key().to_jwk();
            (key, jwk)
        };
        types.into_iter().map(make).collect()
    });

    #[test]
    fn what_is_written_is_read() {
        for (key, jwk) in JWKS.iter() {
            let read = PublicKey::from_jwk(jwk).unwrap();
            assert_eq!(&read, key.public_key());
            assert_eq!(read.key_type(), key.public_key().key_type());
            let algorithm = read.key_type().algorithm();
            read.verify(algorithm, b"m", &key.sign(algorithm, b"m").unwrap()).unwrap();
        }
    }

    /// The examples of RFC 7517 appendix A.1 and RFC 8037 appendix A.2, with its thumbprint of appendix A.3.
    #[test]
    fn the_examples_of_the_standards() {
        let ec = json!({"kty": "EC", "crv": "P-256", "use": "enc", "kid": "1",
            "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"});
        assert!(matches!(PublicKey::from_jwk(&ec), Err(KeyError::Unsupported(_))), "it is for encryption");
        let mut for_signatures = ec;
        for_signatures["use"] = "sig".into();
        assert_eq!(PublicKey::from_jwk(&for_signatures).unwrap().key_type(), KeyType::EcP256);
        let rsa = json!({"kty": "RSA", "alg": "RS256", "kid": "2011-04-29", "e": "AQAB",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"});
        let rsa = PublicKey::from_jwk(&rsa).unwrap();
        // RFC 7638 section 3.1
        assert_eq!(rsa.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        let ed = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        assert_eq!(PublicKey::from_jwk(&ed).unwrap().thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_wrong_member_is_a_reason() {
        let of = |kind: usize| JWKS[kind].1.clone();
        let b64 = |bytes: &[u8]| json!(URL_SAFE_NO_PAD.encode(bytes));
        for (kind, name, value) in [
            (0, "kty", json!("EC")),
            (0, "kty", json!("oct")),
            (0, "kty", json!(null)),
            (0, "use", json!("enc")),
            (0, "use", json!(null)),
            (0, "alg", json!("PS256")),
            (0, "alg", json!("none")),
            (0, "key_ops", json!(["sign"])),
            (0, "key_ops", json!("verify")),
            (0, "d", json!("AQAB")),
            (0, "n", json!("")),
            (0, "n", json!(7)),
            (0, "n", b64(&[0xff; 128])),
            (0, "n", b64(&[0xff; 1025])),
            (0, "n", b64(&[&[0], [0xff; 256].as_slice()].concat())),
            (0, "n", json!("A".repeat(1 << 20))),
            (0, "e", json!("AA")),
            (0, "e", b64(&[1])),
            (0, "e", b64(&[4])),
            (0, "e", b64(&[0, 1, 0, 1])),
            (0, "e", b64(&[0xff; 8])),
            (0, "e", b64(&[0xff; 9])),
            (2, "crv", json!("P-384")),
            (2, "crv", json!("P-521")),
            (2, "crv", json!("secp256k1")),
            (2, "crv", json!(null)),
            (2, "x", b64(&[0; 32])),
            (2, "x", b64(&[1; 31])),
            (2, "y", b64(&[1; 33])),
            (2, "alg", json!("ES384")),
            (4, "crv", json!("X25519")),
            (4, "x", b64(&[1; 31])),
            (4, "x", json!("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo")),
            (4, "x", json!("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=")),
        ] {
            let mut jwk = of(kind);
            jwk[name] = value.clone();
            assert!(PublicKey::from_jwk(&jwk).is_err(), "{name}: {value}");
        }
        for (name, value) in [("key_ops", json!(["sign", "verify"])), ("x5c", json!(["junk"])), ("kid", json!(7))] {
            let mut jwk = of(0);
            jwk[name] = value.clone();
            assert!(PublicKey::from_jwk(&jwk).is_ok(), "{name}: {value}");
        }
    }

    proptest! {
        #[test]
        fn junk_never_panics(
            kty in prop_oneof![Just("RSA"), Just("EC"), Just("OKP"), Just("oct")],
            crv in prop_oneof![Just("P-256"), Just("P-384"), Just("Ed25519"), Just("")],
            first in prop::collection::vec(any::<u8>(), 0..300),
            second in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let (first, second) = (URL_SAFE_NO_PAD.encode(first), URL_SAFE_NO_PAD.encode(second));
            let jwk = json!({"kty": kty, "crv": crv, "n": first, "e": second, "x": first, "y": second});
            if let Ok(key) = PublicKey::from_jwk(&jwk) {
                // Whatever is read can be written, and is the same key then.
                prop_assert_eq!(PublicKey::from_jwk(&key.to_jwk()).unwrap(), key);
            }
        }

        // Whatever becomes of one member, the key is another one or none.
        #[test]
        fn no_other_key_passes_for_this_one(kind in 0usize..5, place in any::<prop::sample::Index>(), bit in 0u8..6) {
            let (key, jwk) = &JWKS[kind];
            let names = if kind < 2 { ["n", "e"] } else if kind < 4 { ["x", "y"] } else { ["x", "x"] };
            for name in names {
                let mut text = jwk[name].as_str().unwrap().to_owned().into_bytes();
                let at = place.index(text.len());
                let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
                let value = alphabet.iter().position(|b| *b == text[at]).unwrap() ^ (1 << bit);
                text[at] = alphabet[value];
                let mut changed = jwk.clone();
                changed[name] = String::from_utf8(text).unwrap().into();
                let read = PublicKey::from_jwk(&changed).ok();
                prop_assert_ne!(read.as_ref(), Some(key.public_key()));
            }
        }
    }
}
