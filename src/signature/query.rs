//! Query parameters as RFC 9421 section 2.2.8 signs them.

use std::fmt::Write as _;

/// Decodes a form-urlencoded text (plus is space) and percent-encodes it again with the set that the URL standard gives
/// for `application/x-www-form-urlencoded`, a space as `%20`.
pub(super) fn recode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(b) = bytes.next() {
        match b {
            b'+' => decoded.push(b' '),
            b'%' => {
                let mut rest = bytes.clone();
                let digit =
                    |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
                // The URL standard keeps a percent sign that starts no escape.
                match (digit(rest.next()), digit(rest.next())) {
                    (Some(high), Some(low)) => {
                        decoded.push(high * 16 + low);
                        bytes = rest;
                    }
                    _ => decoded.push(b'%'),
                }
            }
            _ => decoded.push(b),
        }
    }
    let decoded = String::from_utf8(decoded).ok()?;
    let mut out = String::with_capacity(decoded.len());
    for b in decoded.bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => out.push(char::from(b)),
            _ => write!(out, "%{b:02X}").ok()?,
        }
    }
    Some(out)
}
