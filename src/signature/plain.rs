//! The signature fields in the form in which signers write them, read without a copy.
//!
//! One member, components without parameters, strings without escapes, everything in the canonical serialization of
//! RFC 9651: then the text itself is the value of `@signature-params`. Whatever is different in any way is not judged
//! here but left to [`super::params`] and its general parser; what is read here reads the same there.

use super::params::{Component, MAX_COMPONENTS, MAX_PARAMETERS, Parameters, SignatureInput};
use base64_simd::STANDARD;
use std::borrow::Cow;

/// Reads a whole `Signature-Input` of this form.
pub(super) fn signature_input(field: &[u8]) -> Option<SignatureInput<'_>> {
    // No early exit, so that many bytes are looked at at a time: from here on, strings end at their quote.
    let plain = field.iter().fold(true, |plain, &b| plain & (0x20..0x7f).contains(&b) & (b != b'\\'));
    let text = std::str::from_utf8(field).ok().filter(|_| plain)?;
    let (label, serialized) = key(text)?;
    let serialized = serialized.strip_prefix('=')?;
    let (components, rest) = components(serialized.strip_prefix('(')?)?;
    let parameters = parameters(rest)?;
    Some(SignatureInput { label: Cow::Borrowed(label), components, parameters, serialized: Cow::Borrowed(serialized) })
}

/// Appends the byte sequence of a whole `Signature` of this form, with this label, to `out`.
pub(super) fn signature(field: &[u8], label: &str, out: &mut Vec<u8>) -> Option<()> {
    let value = field.strip_prefix(label.as_bytes())?.strip_prefix(b"=:")?.strip_suffix(b":")?;
    let start = out.len();
    // What is not base64 here may be to the general parser, which also says what is wrong.
    let decoded = STANDARD.decode_append(value, out).map(|_| ());
    if decoded.is_err() {
        out.truncate(start);
    }
    decoded.ok()
}

/// RFC 9651 section 4.2.3.3.
fn key(text: &str) -> Option<(&str, &str)> {
    let first = text.bytes().next()?;
    if !(first.is_ascii_lowercase() || first == b'*') {
        return None;
    }
    let is_key = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'.' | b'*');
    text.split_at_checked(text.bytes().position(|b| !is_key(b)).unwrap_or(text.len()))
}

/// A string, after its opening quote. There are no escapes in the text.
fn string(text: &str) -> Option<(&str, &str)> {
    let (string, rest) = text.split_at_checked(text.bytes().position(|b| b == b'"')?)?;
    Some((string, rest.strip_prefix('"')?))
}

/// An integer in its canonical form: no leading zeros, no minus zero, at most 15 digits (RFC 9651 section 3.3.1).
fn integer(text: &str) -> Option<(i64, &str)> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (digits, rest) =
        digits.split_at_checked(digits.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(digits.len()))?;
    if digits.len() > 15 || (digits.starts_with('0') && (negative || digits.len() > 1)) || rest.starts_with('.') {
        return None;
    }
    let value: i64 = digits.parse().ok()?;
    Some((if negative { -value } else { value }, rest))
}

/// The components after the opening parenthesis, each once, and what follows the closing one.
fn components(mut text: &str) -> Option<(Vec<Component<'_>>, &str)> {
    let mut components: Vec<Component<'_>> = Vec::with_capacity(8);
    if let Some(rest) = text.strip_prefix(')') {
        return Some((components, rest));
    }
    loop {
        let (name, rest) = string(text.strip_prefix('"')?)?;
        if components.len() == MAX_COMPONENTS || components.iter().any(|c| c.name == name) {
            return None;
        }
        components.push(Component::new(name));
        match rest.strip_prefix(' ') {
            Some(next) => text = next,
            None => return Some((components, rest.strip_prefix(')')?)),
        }
    }
}

/// The parameters to the end of the text: those with a meaning, and no other.
fn parameters(mut text: &str) -> Option<Parameters<'_>> {
    let mut parameters = Parameters::default();
    let mut count = 0;
    while !text.is_empty() {
        let (name, rest) = key(text.strip_prefix(';')?)?;
        let rest = rest.strip_prefix('=')?;
        let stood_before = match name {
            "created" | "expires" => {
                let (value, rest) = integer(rest)?;
                text = rest;
                let place = if name == "created" { &mut parameters.created } else { &mut parameters.expires };
                place.replace(value).is_some()
            }
            _ => {
                let (value, rest) = string(rest.strip_prefix('"')?)?;
                text = rest;
                let place = match name {
                    "nonce" => &mut parameters.nonce,
                    "alg" => &mut parameters.alg,
                    "keyid" => &mut parameters.keyid,
                    "tag" => &mut parameters.tag,
                    _ => return None,
                };
                place.replace(Cow::Borrowed(value)).is_some()
            }
        };
        count += 1;
        if stood_before || count > MAX_PARAMETERS {
            return None;
        }
    }
    Some(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::params;
    use proptest::prelude::*;

    const OURS: &str = r#"certauthz=("@method" "@authority" "@path" "@query" "x-client-cert");created=1800000000;expires=1800000060;nonce="0123456789abcdef";tag="certauthz""#;

    #[test]
    fn what_signers_write_is_read_here() {
        let read = signature_input(OURS.as_bytes()).unwrap();
        assert_eq!(vec![read], params::parse_general(OURS.as_bytes()).unwrap());
        for good in ["a=()", "*a=(\"x\")", "a=();created=-1", "a=();created=0;alg=\"\"", "a=(\"\");keyid=\"k\""] {
            let read = signature_input(good.as_bytes()).unwrap_or_else(|| panic!("{good}"));
            assert_eq!(vec![read], params::parse_general(good.as_bytes()).unwrap(), "{good}");
        }
    }

    #[test]
    fn whatever_is_different_is_left_to_the_general_parser() {
        for other in [
            "",
            "a",
            "a=",
            "a=(",
            "a=( )",
            "a=(\"x\"",
            "a=(\"x\"  \"y\")",
            "a=(\"x\" )",
            "a=(\"x\";bs)",
            "a=() ",
            " a=()",
            "a=(), b=()",
            "a=(\"x\" \"x\")",
            "a=();created=00",
            "a=();created=-0",
            "a=();created=1.0",
            "a=();created=",
            "a=();created=1;created=1",
            "a=();created=1234567890123456",
            "a=();created=\"1\"",
            "a=();nonce=1",
            "a=();x=1",
            "a=();x=\"\"",
            "a=();nonce",
            "a=(); nonce=\"\"",
            "a=(\"\\\"\")",
            "a=();nonce=\"a\\\\b\"",
            "A=()",
            "a=();nonce=\"é\"",
        ] {
            assert_eq!(signature_input(other.as_bytes()), None, "{other}");
        }
        let many = format!("a=({})", (0..33).map(|i| format!("\"h{i}\"")).collect::<Vec<_>>().join(" "));
        assert_eq!(signature_input(many.as_bytes()), None);
    }

    #[test]
    fn a_signature_that_is_not_decoded_leaves_nothing_behind() {
        let mut out = b"before".to_vec();
        for other in
            ["a=:AAE=:, b=:AA==:", "b=:AAE=:", "a=:AAE:", "a=:A*E=:", "a=:AAF=:", "a=::;p", "a=AAE=", "a:AAE=:"]
        {
            assert_eq!(signature(other.as_bytes(), "a", &mut out), None, "{other}");
            assert_eq!(out, b"before");
        }
        assert_eq!(signature(b"a=:AAE=:", "a", &mut out), Some(()));
        assert_eq!(out, b"before\0\x01");
        assert_eq!(signature(b"a=::", "a", &mut out), Some(()));
        assert_eq!(out.len(), 8);
    }

    proptest! {
        // Another implementation has the same opinion on what base64 is.
        #[test]
        fn base64_is_decoded_as_others_do(text in "[A-Za-z0-9+/]{0,90}[A-Za-z0-9+/=_ -]{0,3}") {
            use base64::Engine as _;
            let mut out = Vec::new();
            let judge = base64::engine::general_purpose::STANDARD.decode(&text).ok();
            prop_assert_eq!(signature(format!("a=:{text}:").as_bytes(), "a", &mut out).map(|()| out), judge);
        }

        // The alphabet of the fields, so that many inputs are nearly right.
        #[test]
        fn both_parsers_agree(field in r#"(a|\*b-1)=(\(("(@path|x|y-z)"[ ;]{0,2}){0,3}\))(;(created|expires|nonce|tag|alg|other)(=(-?[0-9]{1,3}|"[ -~]{0,4}"|\?1|:AA==:|1\.5))?){0,4}[ ,a]{0,1}"#) {
            if let Some(read) = signature_input(field.as_bytes()) {
                prop_assert_eq!(params::parse_general(field.as_bytes()), Ok(vec![read]));
            }
        }

        #[test]
        fn a_changed_byte_changes_both_or_is_left_alone(at in 0..OURS.len(), byte in any::<u8>()) {
            let mut field = OURS.as_bytes().to_vec();
            field[at] = byte;
            if let Some(read) = signature_input(&field) {
                prop_assert_eq!(params::parse_general(&field), Ok(vec![read]));
            }
        }

        #[test]
        fn signatures_agree(bytes in proptest::collection::vec(any::<u8>(), 0..40), junk in r#"a=:[A-Z/+=]{0,9}:[;, ]?"#) {
            let mut out = Vec::new();
            prop_assert_eq!(signature(params::serialize_signature("a", &bytes).as_bytes(), "a", &mut out), Some(()));
            prop_assert_eq!(&out, &bytes);
            let mut out = Vec::new();
            if signature(junk.as_bytes(), "a", &mut out).is_some() {
                prop_assert_eq!(params::parse_signature_general(junk.as_bytes(), "a"), Ok(out));
            }
        }
    }
}
