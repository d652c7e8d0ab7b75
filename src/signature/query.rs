//! `@query-param` (RFC 9421 section 2.2.8).

use super::{
    base::{BaseError, RequestParts, unsupported},
    params::{BareItem, Component},
};
use std::fmt::Write as _;

/// Section 2.2.8: the one query parameter of that name, decoded as a form and encoded again.
pub(super) fn write_param(
    request: &RequestParts<'_>,
    component: &Component<'_>,
    out: &mut Vec<u8>,
) -> Result<(), BaseError> {
    let wanted = match component.parameters.as_slice() {
        [(key, BareItem::String(name))] if key == "name" => name.as_str(),
        [(key, _), ..] => return Err(unsupported("@query-param", key)),
        [] => return Err(BaseError::MissingField("@query-param".to_owned())),
    };
    let mut found = None;
    for pair in request.query.unwrap_or_default().split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if recode(name).as_deref() == Some(wanted) && found.replace(value).is_some() {
            // "If a parameter name occurs multiple times in a request, the named query parameter MUST NOT be included."
            return Err(BaseError::BadFieldValue(format!("@query-param {wanted}")));
        }
    }
    let value = found.ok_or_else(|| BaseError::MissingField(format!("@query-param {wanted}")))?;
    let value = recode(value).ok_or_else(|| BaseError::BadFieldValue(format!("@query-param {wanted}")))?;
    out.extend_from_slice(value.as_bytes());
    Ok(())
}

/// Decodes a form-urlencoded text (plus is space) and percent-encodes it again with the set that the URL standard gives
/// for `application/x-www-form-urlencoded`, a space as `%20`.
fn recode(text: &str) -> Option<String> {
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
