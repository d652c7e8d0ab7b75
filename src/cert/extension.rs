//! The scopes extension: `Scopes ::= SEQUENCE SIZE (1..256) OF UTF8String`, in DER (X.690), one scope token each.
//!
//! Reading is strict. A certificate is hostile until its chain is verified, and two readers that disagree about the same
//! bytes are how scopes get smuggled: there is exactly one encoding of a list of scopes, and only that one is read.

use crate::{
    error::{Error, Rejection, Result},
    scope::{self, MAX_SCOPES, Scope, Scopes},
};
use std::{borrow::Cow, fmt, str::FromStr};

/// The object identifier of the scopes extension unless another is configured.
pub const SCOPES_OID: Oid = Oid(Cow::Borrowed(&[2, 25, 4_309_002_870_052_747_561]));

const SEQUENCE: u8 = 0x30;
const UTF8_STRING: u8 = 0x0c;

/// An object identifier (X.660) of 3 to 32 arcs, each below 2^63.
///
/// The bound on an arc is that of the encoders below us; the UUID arc `2.25` reaches further, but few readers do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Oid(Cow<'static, [u64]>);

impl Oid {
    /// Reads the dotted form, e.g. `2.25.4309002870052747561`.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] where it is no object identifier, or one of the arc of X.509's own extensions.
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = |why: &'static str| {
            Error::invalid("object identifier", text, why, "write it in dotted form, e.g. 2.25.4309002870052747561")
        };
        let mut arcs = Vec::new();
        for part in text.split('.') {
            let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            if !digits || (part.len() > 1 && part.starts_with('0')) {
                return Err(invalid("not numbers with dots between them"));
            }
            let arc = part.parse::<i64>().map_err(|_| invalid("an arc is 2^63 or more"))?;
            arcs.push(u64::try_from(arc).map_err(|_| invalid("an arc is negative"))?);
            if arcs.len() > 32 {
                return Err(invalid("more than 32 arcs"));
            }
        }
        match arcs.as_slice() {
            [2, 5, 29, ..] => return Err(invalid("2.5.29 is the arc of the standard extensions")),
            [0 | 1, 0..40, _, ..] => {}
            // The first two arcs share one number: 80 is added to the second one.
            [2, second, _, ..] if *second < (1 << 62) => {}
            _ => {
                return Err(invalid(
                    "the first arcs must be 0.0 to 0.39, 1.0 to 1.39 or 2.x, and at least one follows",
                ));
            }
        }
        Ok(Self(Cow::Owned(arcs)))
    }

    /// The numbers, the root first.
    pub fn arcs(&self) -> &[u64] {
        &self.0
    }

    /// The content octets of its DER encoding (X.690 section 8.19), without tag and length.
    pub fn to_der_content(&self) -> Vec<u8> {
        let mut content = Vec::new();
        if let [first, second, rest @ ..] = self.0.as_ref() {
            push_base128(&mut content, first * 40 + second);
            rest.iter().for_each(|&arc| push_base128(&mut content, arc));
        }
        content
    }
}

fn push_base128(out: &mut Vec<u8>, number: u64) {
    for shift in (0..10).rev().map(|group| group * 7) {
        let rest = number >> shift;
        if rest > 0 || shift == 0 {
            let more = if shift > 0 { 0x80 } else { 0 };
            out.push(u8::try_from(rest & 0x7f).unwrap_or_default() | more);
        }
    }
}

impl Default for Oid {
    fn default() -> Self {
        SCOPES_OID
    }
}

impl FromStr for Oid {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, arc) in self.0.iter().enumerate() {
            write!(f, "{}{arc}", if i > 0 { "." } else { "" })?;
        }
        Ok(())
    }
}

/// The extension's value (what is inside its OCTET STRING) for these scopes, in their order.
///
/// # Errors
/// [`Error::InvalidValue`] for the empty set: "no scopes" is a certificate without the extension.
pub fn encode(scopes: &Scopes) -> Result<Vec<u8>> {
    if scopes.is_empty() {
        return Err(Error::invalid(
            "scope",
            "",
            "a certificate needs at least one scope",
            "give one with --scope, e.g. --scope bob.user.read",
        ));
    }
    let mut body = Vec::new();
    for scope in scopes {
        push_header(&mut body, UTF8_STRING, scope.as_str().len());
        body.extend_from_slice(scope.as_str().as_bytes());
    }
    let mut der = Vec::with_capacity(body.len() + 5);
    push_header(&mut der, SEQUENCE, body.len());
    der.append(&mut body);
    Ok(der)
}

/// Tag and length (X.690 section 10.1: definite, in the fewest octets).
fn push_header(out: &mut Vec<u8>, tag: u8, len: usize) {
    out.push(tag);
    let bytes = len.to_be_bytes();
    let significant = bytes.iter().position(|&b| b != 0).and_then(|start| bytes.get(start..)).unwrap_or(&[0]);
    if len >= 0x80 {
        out.push(0x80 | u8::try_from(significant.len()).unwrap_or_default());
    }
    out.extend_from_slice(significant);
}

/// Reads the extension's value.
///
/// # Errors
/// [`Rejection::ScopesMalformed`] for anything but the one DER encoding of 1 to 256 different scope tokens: other tags,
/// lengths that are indefinite or longer than necessary, trailing bytes, a token outside of RFC 6749 section 3.3.
pub fn decode(der: &[u8]) -> Result<Scopes, Rejection> {
    let malformed = |why: &'static str| Rejection::ScopesMalformed(why.into());
    let (mut rest, trailing) = take(der, SEQUENCE).map_err(malformed)?;
    if !trailing.is_empty() {
        return Err(malformed("bytes after the sequence"));
    }
    if rest.is_empty() {
        return Err(malformed("an empty sequence"));
    }
    let mut scopes: Vec<Scope> = Vec::new();
    while !rest.is_empty() {
        if scopes.len() == MAX_SCOPES {
            return Err(malformed("more than 256 scopes"));
        }
        let (token, tail) = take(rest, UTF8_STRING).map_err(malformed)?;
        let token = std::str::from_utf8(token).map_err(|_| malformed("not UTF-8"))?;
        scope::check(token).map_err(malformed)?;
        scopes.push(Scope::new(token).map_err(|_| malformed("not a scope token"))?);
        rest = tail;
    }
    Scopes::new(scopes).map_err(|_| malformed("a scope occurs twice"))
}

/// Splits off one element with this tag: its content, and what follows.
fn take(bytes: &[u8], tag: u8) -> Result<(&[u8], &[u8]), &'static str> {
    const TRUNCATED: &str = "it ends in the middle of an element";
    let (len, rest) = match bytes {
        [found, ..] if *found != tag => return Err("an element of another type"),
        [_, len @ 0..=0x7f, rest @ ..] => (usize::from(*len), rest),
        // 256 scopes of 256 bytes need three octets of length.
        [_, form @ 0x81..=0x83, rest @ ..] => {
            let (octets, rest) = rest.split_at_checked(usize::from(form & 0x7f)).ok_or(TRUNCATED)?;
            let len = octets.iter().fold(0, |len, &octet| (len << 8) | usize::from(octet));
            if octets.first() == Some(&0) || len < 0x80 {
                return Err("a length that is not in its shortest form");
            }
            (len, rest)
        }
        [_, _, ..] => return Err("a length that is indefinite or too large"),
        _ => return Err(TRUNCATED),
    };
    rest.split_at_checked(len).ok_or(TRUNCATED)
}

/// The scopes of a parsed certificate.
///
/// # Errors
/// [`Rejection::ScopesMissing`] without the extension, [`Rejection::ScopesMalformed`] where it stands twice or breaks its
/// grammar: never "no scopes".
pub fn read_scopes(
    certificate: &x509_parser::certificate::X509Certificate<'_>,
    oid: &Oid,
) -> Result<Scopes, Rejection> {
    let wanted = oid.to_der_content();
    let mut found = certificate.iter_extensions().filter(|e| e.oid.as_bytes() == wanted);
    match (found.next(), found.next()) {
        (Some(extension), None) => decode(extension.value),
        (None, _) => Err(Rejection::ScopesMissing),
        (Some(_), Some(_)) => Err(Rejection::ScopesMalformed("the extension stands twice".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{io::Write as _, process::Command};

    fn scopes(text: &str) -> Scopes {
        Scopes::parse(text).unwrap()
    }

    #[test]
    fn known_bytes() {
        let der = encode(&scopes("a bob.user.read")).unwrap();
        assert_eq!(der, b"\x30\x12\x0c\x01a\x0c\x0dbob.user.read");
        assert_eq!(decode(&der).unwrap(), scopes("a bob.user.read"));
        assert!(encode(&Scopes::default()).is_err());
    }

    #[test]
    fn the_largest_extension_is_read() {
        let all = (0..256).map(|i| Scope::new(format!("{i:x>256}")).unwrap());
        let all = Scopes::new(all).unwrap();
        let der = encode(&all).unwrap();
        assert_eq!(der.len(), 5 + 256 * 260);
        assert_eq!(decode(&der).unwrap(), all);
    }

    #[test]
    fn every_other_encoding_is_refused() {
        let too_many: Vec<u8> =
            (0..257).flat_map(|i| [&b"\x0c\x03"[..], format!("{i:03}").as_bytes()].concat()).collect();
        let too_many = [&b"\x30\x82\x05\x05"[..], &too_many].concat();
        let bad: &[(&[u8], &str)] = &[
            (b"", "middle"),
            (b"\x30", "middle"),
            (b"\x30\x00", "empty"),
            (b"\x31\x03\x0c\x01a", "another type"),
            (b"\x30\x03\x13\x01a", "another type"),
            (b"\x30\x03\x2c\x01a", "another type"),
            (b"\x30\x03\x0c\x01a\x00", "after"),
            (b"\x30\x04\x0c\x01a\x00", "another type"),
            (b"\x30\x81\x03\x0c\x01a", "shortest"),
            (b"\x30\x82\x00\x03\x0c\x01a", "shortest"),
            (b"\x30\x04\x0c\x81\x01a", "shortest"),
            (b"\x30\x80\x0c\x01a\x00\x00", "indefinite"),
            (b"\x30\x84\x00\x00\x00\x03\x0c\x01a", "indefinite"),
            (b"\x30\x05\x0c\x01a", "middle"),
            (b"\x30\x03\x0c\x02a", "middle"),
            (b"\x30\x02\x0c\x00", "not empty"),
            (b"\x30\x05\x0c\x03a b", "printable"),
            (b"\x30\x04\x0c\x02\xff\xfe", "UTF-8"),
            (b"\x30\x04\x0c\x02\xc3\xa9", "printable"),
            (b"\x30\x06\x0c\x01a\x0c\x01a", "twice"),
            (&too_many, "256"),
        ];
        for (der, why) in bad {
            let text = decode(der).unwrap_err().to_string();
            assert!(text.contains(why), "{der:02x?}: {text}, wanted {why}");
        }
        let long = [&b"\x30\x82\x01\x05\x0c\x82\x01\x01"[..], &[b'a'; 257]].concat();
        assert!(decode(&long).unwrap_err().to_string().contains("256 bytes"));
    }

    proptest! {
        #[test]
        fn encode_and_decode_are_inverse(tokens in proptest::collection::btree_set("[!#-\\[\\]-~]{1,200}", 1..40)) {
            let scopes = Scopes::new(tokens.iter().map(|t| Scope::new(t).unwrap())).unwrap();
            prop_assert_eq!(decode(&encode(&scopes).unwrap()).unwrap(), scopes);
        }

        #[test]
        fn what_is_accepted_encodes_to_the_same_bytes(
            mut der in proptest::collection::btree_set("[a-c]{1,3}", 1..6)
                .prop_map(|t| encode(&Scopes::new(t.iter().map(|t| Scope::new(t).unwrap())).unwrap()).unwrap()),
            at in any::<proptest::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let at = at.index(der.len());
            der[at] = byte;
            if let Ok(scopes) = decode(&der) {
                prop_assert_eq!(encode(&scopes).unwrap(), der);
            }
        }

        #[test]
        fn junk_never_panics(junk in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(scopes) = decode(&junk) {
                prop_assert_eq!(encode(&scopes).unwrap(), junk);
            }
        }

        #[test]
        fn oids_read_back(arcs in proptest::collection::vec(0..i64::MAX, 1..10), text in ".{0,40}") {
            let dotted = format!("2.25.{}", arcs.iter().map(ToString::to_string).collect::<Vec<_>>().join("."));
            prop_assert_eq!(Oid::parse(&dotted).unwrap().to_string(), dotted);
            let _ = Oid::parse(&text);
        }
    }

    #[test]
    fn oids() {
        assert_eq!(Oid::parse("2.25.4309002870052747561").unwrap(), SCOPES_OID);
        assert_eq!(Oid::parse("1.2.840.113549").unwrap().to_der_content(), [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]);
        for bad in [
            "",
            "1",
            "1.2",
            "1.40.1",
            "3.1.1",
            "2.5.29.19",
            "2.25.01",
            "2.25.",
            "2.25.-1",
            "2.25.9223372036854775808",
            "2.4611686018427387904.1",
        ] {
            assert!(Oid::parse(bad).is_err(), "{bad}");
        }
        assert!(Oid::parse(&["1"; 33].join(".")).is_err());
    }

    #[test]
    fn openssl_reads_the_same() {
        let der = encode(&scopes("bob.user.read bob.user.write")).unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&der).unwrap();
        let Ok(out) = Command::new("openssl").args(["asn1parse", "-inform", "DER", "-in"]).arg(file.path()).output()
        else {
            eprintln!("skipped: there is no openssl to compare with");
            return;
        };
        let text = String::from_utf8(out.stdout).unwrap();
        assert!(out.status.success() && text.contains("SEQUENCE"), "{text}");
        for scope in ["bob.user.read", "bob.user.write"] {
            assert!(text.contains(&format!("UTF8STRING        :{scope}\n")), "{text}");
        }
    }
}
