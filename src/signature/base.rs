//! The signature base (RFC 9421 section 2.5): from a request and its covered components to the bytes that are signed.

use super::{
    CLIENT_CERT,
    params::{BareItem, Component, borrowed},
    query,
};
use http::{HeaderMap, HeaderName};
use sfv::{ItemSerializer, Parser};
use std::borrow::Cow;

/// The parts of an HTTP request that a signature can cover.
#[derive(Debug, Clone, Copy)]
pub struct RequestParts<'a> {
    /// The method, case-sensitive.
    pub method: &'a str,
    /// `http` or `https`.
    pub scheme: &'a str,
    /// Host and optional port of the target, as sent.
    pub authority: &'a str,
    /// The path as sent, percent-encoding kept; may be empty.
    pub path: &'a str,
    /// The query without its question mark, as sent; `None` where there is no question mark.
    pub query: Option<&'a str>,
    /// The header fields.
    pub headers: &'a HeaderMap,
}

/// The most bytes that the components with parameters of one signature may make us parse, together. Each of them reads
/// its whole field or query anew: 32 of them over 60 KB would cost a hundred signature verifications, before anybody
/// has shown who they are. RFC 9421 sets no limit.
const MAX_PARSED: usize = 16 * 1024;

/// The most bytes of a base. As much as most servers let a head have; a base can be longer, as a query can be covered in
/// three ways. It waits in memory for the request's body, before anybody has shown who they are.
pub const MAX_BASE: usize = 64 * 1024;

/// Why a component has no value in this request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaseError {
    /// A derived component that does not exist, or not for requests.
    #[error("the derived component {0:?} is not known")]
    UnknownComponent(String),
    /// A component parameter that is not implemented, or not defined for this component.
    #[error("the component {name:?} has the parameter {parameter:?}, which is not supported")]
    UnsupportedParameter {
        /// The component.
        name: String,
        /// Its parameter.
        parameter: String,
    },
    /// The request has no such field.
    #[error("the request has no field {0:?}")]
    MissingField(String),
    /// The field name is not in lower case, or not a field name.
    #[error("{0:?} is not a lower-case field name")]
    BadFieldName(String),
    /// The field's value cannot be part of a signature base.
    #[error("the value of {0:?} cannot be signed")]
    BadFieldValue(String),
    /// Too many bytes would have to be parsed.
    #[error("the components with parameters, up to {0:?}, need more than {MAX_PARSED} bytes to be parsed")]
    TooLarge(String),
    /// The base would be longer than [`MAX_BASE`].
    #[error("the components up to {0:?} take more than {MAX_BASE} bytes")]
    TooLong(String),
}

/// Appends the signature base to `out`. `params` is the serialization of the components with the signature's parameters
/// ([`super::SignatureInput::serialized`]).
///
/// # Errors
/// [`BaseError`] for the first component without value.
pub fn signature_base(
    request: &RequestParts<'_>,
    components: &[Component<'_>],
    params: &str,
    out: &mut Vec<u8>,
) -> Result<(), BaseError> {
    let start = out.len();
    let mut budget = Budget(MAX_PARSED);
    for component in components {
        write_identifier(component, out);
        out.extend_from_slice(b": ");
        write_value(request, component, &mut budget, out)?;
        out.push(b'\n');
        if out.len() - start > MAX_BASE {
            return Err(BaseError::TooLong(component.name.clone().into_owned()));
        }
    }
    out.extend_from_slice(b"\"@signature-params\": ");
    out.extend_from_slice(params.as_bytes());
    Ok(())
}

/// What is left of [`MAX_PARSED`].
struct Budget(usize);

impl Budget {
    fn take(&mut self, bytes: usize, name: &str) -> Result<(), BaseError> {
        self.0 = self.0.checked_sub(bytes).ok_or_else(|| BaseError::TooLarge(name.to_owned()))?;
        Ok(())
    }
}

fn write_identifier(component: &Component<'_>, out: &mut Vec<u8>) {
    // Names come from a structured field's string or from our own constants; neither holds a quote after the check of
    // `write_value`, which is what decides.
    if component.parameters.is_empty() {
        out.push(b'"');
        out.extend_from_slice(component.name.as_bytes());
        out.push(b'"');
        return;
    }
    if let Ok(name) = sfv::StringRef::from_str(&component.name) {
        let mut item = ItemSerializer::new().bare_item(name);
        for (key, value) in &component.parameters {
            if let Ok(key) = sfv::KeyRef::from_str(key) {
                item = item.parameter(key, borrowed(value));
            }
        }
        out.extend_from_slice(item.finish().as_bytes());
    }
}

fn write_value(
    request: &RequestParts<'_>,
    component: &Component<'_>,
    budget: &mut Budget,
    out: &mut Vec<u8>,
) -> Result<(), BaseError> {
    let name: &str = &component.name;
    if !name.starts_with('@') {
        return write_field(request.headers, component, budget, out);
    }
    if name == "@query-param" {
        budget.take(request.query.map_or(0, str::len), name)?;
        return query::write_param(request, component, out);
    }
    if let Some((parameter, _)) = component.parameters.first() {
        return Err(unsupported(name, parameter));
    }
    let start = out.len();
    match name {
        "@method" => out.extend_from_slice(request.method.as_bytes()),
        "@authority" => {
            out.extend_from_slice(normalized_authority(request.scheme, request.authority).as_bytes());
        }
        "@scheme" => out.extend_from_slice(request.scheme.to_ascii_lowercase().as_bytes()),
        "@path" => out.extend_from_slice(path(request).as_bytes()),
        "@query" => {
            out.push(b'?');
            out.extend_from_slice(request.query.unwrap_or_default().as_bytes());
        }
        "@target-uri" => {
            out.extend_from_slice(request.scheme.to_ascii_lowercase().as_bytes());
            out.extend_from_slice(b"://");
            out.extend_from_slice(normalized_authority(request.scheme, request.authority).as_bytes());
            write_target(request, out);
        }
        // Section 2.2.5; this profile only sees origin-form and absolute-form, and signs the former.
        "@request-target" => write_target(request, out),
        _ => return Err(BaseError::UnknownComponent(name.to_owned())),
    }
    // A line feed in a method or target would forge a line of the base; no HTTP parser lets one through, a caller might.
    match out.get(start..) {
        Some(value) if value.iter().copied().all(is_printable) => Ok(()),
        _ => Err(BaseError::BadFieldValue(name.to_owned())),
    }
}

pub(super) fn unsupported(name: &str, parameter: &str) -> BaseError {
    BaseError::UnsupportedParameter { name: name.to_owned(), parameter: parameter.to_owned() }
}

/// RFC 9421 section 2.2.6: an empty path is a slash.
fn path<'a>(request: &RequestParts<'a>) -> &'a str {
    if request.path.is_empty() { "/" } else { request.path }
}

fn write_target(request: &RequestParts<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(path(request).as_bytes());
    if let Some(query) = request.query {
        out.push(b'?');
        out.extend_from_slice(query.as_bytes());
    }
}

/// RFC 9421 section 2.2.3: the authority in lower case, without the scheme's default port.
pub fn normalized_authority<'a>(scheme: &str, authority: &'a str) -> Cow<'a, str> {
    let default_port = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
    let host = authority.strip_suffix(default_port).unwrap_or(authority);
    if host.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}

/// The field that every signature covers: looked up without reading its name anew.
const CLIENT_CERT_NAME: HeaderName = HeaderName::from_static(CLIENT_CERT);

fn write_field(
    headers: &HeaderMap,
    component: &Component<'_>,
    budget: &mut Budget,
    out: &mut Vec<u8>,
) -> Result<(), BaseError> {
    let name: &str = &component.name;
    // `http::HeaderMap` would look up `Date` as `date`; RFC 9421 section 2.1 wants the name in lower case.
    if name.is_empty() || !name.bytes().all(is_lower_token) {
        return Err(BaseError::BadFieldName(name.to_owned()));
    }
    let lines = if name == CLIENT_CERT { headers.get_all(CLIENT_CERT_NAME) } else { headers.get_all(name) };
    let mut lines = lines.iter().map(|v| v.as_bytes().trim_ascii()).peekable();
    if lines.peek().is_none() {
        return Err(BaseError::MissingField(name.to_owned()));
    }
    let bad = || BaseError::BadFieldValue(name.to_owned());
    match component.parameters.as_slice() {
        [] => {
            for (i, line) in lines.enumerate() {
                out.extend_from_slice(if i == 0 { b"" } else { b", " });
                // A header value holds no control character but the tab; so ASCII is what is left to check. Values that
                // are not could be read differently by two sides, and are never signed.
                out.extend_from_slice(line.is_ascii().then_some(line).ok_or_else(bad)?);
            }
            Ok(())
        }
        [(key, BareItem::Boolean(true))] if key == "bs" => {
            // Section 2.1.3: each line as a byte sequence of its own.
            for (i, line) in lines.enumerate() {
                out.extend_from_slice(if i == 0 { b"" } else { b", " });
                out.extend_from_slice(ItemSerializer::new().bare_item(line).finish().as_bytes());
            }
            Ok(())
        }
        [(key, BareItem::String(member))] if key == "key" => {
            let joined = lines.collect::<Vec<_>>().join(&b", "[..]);
            budget.take(joined.len(), name)?;
            write_member(&joined, member.as_str(), out).ok_or_else(bad)
        }
        [(key, _), ..] => Err(unsupported(name, key)),
    }
}

/// Section 2.1.2: one member of a dictionary field, serialized strictly.
fn write_member(field: &[u8], key: &str, out: &mut Vec<u8>) -> Option<()> {
    use sfv::{Dictionary, FieldType as _, List};
    let dictionary: Dictionary = Parser::new(field).parse().ok()?;
    let member = dictionary.into_iter().find(|(k, _)| k.as_str() == key)?.1;
    // A list of one entry serializes as that entry.
    out.extend_from_slice(List::from([member]).serialize()?.as_bytes());
    Some(())
}

/// What could be confused with the base's own structure, or is not ASCII, is never signed.
const fn is_printable(b: u8) -> bool {
    b == b'\t' || (b >= 0x20 && b < 0x7f)
}

const fn is_lower_token(b: u8) -> bool {
    matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::params::parse_signature_input;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn base(request: &RequestParts<'_>, list: &str) -> Result<String, BaseError> {
        let field = format!("a={list}");
        let members = parse_signature_input(field.as_bytes()).unwrap();
        let mut out = Vec::new();
        signature_base(request, &members[0].components, &members[0].serialized, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        map
    }

    fn get<'a>(headers: &'a HeaderMap, path: &'a str, query: Option<&'a str>) -> RequestParts<'a> {
        RequestParts { method: "GET", scheme: "https", authority: "WWW.example.com:443", path, query, headers }
    }

    #[test]
    fn derived_components_are_normalized() {
        let h = HeaderMap::new();
        let all = r#"("@method" "@authority" "@scheme" "@path" "@query" "@target-uri" "@request-target")"#;
        let text = base(&get(&h, "", Some("param=value&foo=bar&baz=batman")), all).unwrap();
        assert_eq!(
            text,
            "\"@method\": GET\n\"@authority\": www.example.com\n\"@scheme\": https\n\"@path\": /\n\
             \"@query\": ?param=value&foo=bar&baz=batman\n\
             \"@target-uri\": https://www.example.com/?param=value&foo=bar&baz=batman\n\
             \"@request-target\": /?param=value&foo=bar&baz=batman\n\"@signature-params\": "
                .to_owned()
                + all
        );
        assert!(base(&get(&h, "/p", None), r#"("@query")"#).unwrap().starts_with("\"@query\": ?\n"));
        assert!(base(&get(&h, "/p", Some("")), r#"("@query")"#).unwrap().starts_with("\"@query\": ?\n"));
        assert!(base(&get(&h, "/a%2Fb", None), r#"("@path")"#).unwrap().starts_with("\"@path\": /a%2Fb\n"));
        assert_eq!(normalized_authority("http", "[::1]:80"), "[::1]");
        assert_eq!(normalized_authority("http", "[::80]"), "[::80]");
        assert_eq!(normalized_authority("http", "h:443"), "h:443");
    }

    #[test]
    fn unknown_things_are_refused() {
        let h = headers(&[("date", "x"), ("latin", "x")]);
        let request = get(&h, "/", None);
        for (list, wanted) in [
            (r#"("@status")"#, BaseError::UnknownComponent("@status".into())),
            (r#"("@body")"#, BaseError::UnknownComponent("@body".into())),
            (r#"("@method";req)"#, unsupported("@method", "req")),
            (r#"("date";tr)"#, unsupported("date", "tr")),
            (r#"("date";sf)"#, unsupported("date", "sf")),
            (r#"("date";bs;key="a")"#, unsupported("date", "bs")),
            (r#"("date";bs=?0)"#, unsupported("date", "bs")),
            (r#"("Date")"#, BaseError::BadFieldName("Date".into())),
            (r#"("")"#, BaseError::BadFieldName(String::new())),
            (r#"("a: b")"#, BaseError::BadFieldName("a: b".into())),
            (r#"("absent")"#, BaseError::MissingField("absent".into())),
        ] {
            assert_eq!(base(&request, list), Err(wanted), "{list}");
        }
        let mut h = HeaderMap::new();
        h.insert("latin", HeaderValue::from_bytes(b"caf\xe9").unwrap());
        assert_eq!(base(&get(&h, "/", None), r#"("latin")"#), Err(BaseError::BadFieldValue("latin".into())));
    }

    #[test]
    fn what_is_parsed_is_bounded_over_all_components() {
        let dictionary = format!("a=1, b=2, long=\"{}\"", "x".repeat(9_000));
        let (h, query) = (headers(&[("d", &dictionary)]), format!("a=1&{}", "b&".repeat(4_000)));
        let request = get(&h, "/", Some(&query));
        assert!(base(&request, r#"("d";key="a")"#).is_ok());
        assert!(base(&request, r#"("d" "d";bs "@query-param";name="a")"#).is_ok());
        for list in [r#"("d";key="a" "d";key="b")"#, r#"("@query-param";name="a" "d";key="b")"#] {
            assert!(matches!(base(&request, list), Err(BaseError::TooLarge(_))), "{list}");
        }
    }

    #[test]
    fn a_base_is_bounded() {
        let h = HeaderMap::new();
        let query = "q".repeat(30_000);
        let request = get(&h, "/", Some(&query));
        assert!(base(&request, r#"("@query" "@target-uri")"#).is_ok());
        let wanted = BaseError::TooLong("@request-target".into());
        assert_eq!(base(&request, r#"("@query" "@target-uri" "@request-target")"#), Err(wanted));
    }

    #[test]
    fn no_derived_value_can_forge_a_line() {
        let h = HeaderMap::new();
        for query in ["a\n\"@path\": /admin", "\r", "\u{e9}", "\0"] {
            assert_eq!(
                base(&get(&h, "/", Some(query)), r#"("@query")"#),
                Err(BaseError::BadFieldValue("@query".into()))
            );
        }
    }

    proptest! {
        #[test]
        fn any_request_has_one_base_or_a_reason(
            method in "[A-Z]{1,9}", path in "(/[ -~]{0,20})?", query in proptest::option::of("[!-~]{0,30}"),
            value in "[ -~\t]{0,30}", list in proptest::collection::vec("(@method|@path|@query|x|y|@[a-z]{1,6})", 0..5),
        ) {
            let h = headers(&[("x", &value)]);
            let request = RequestParts { method: &method, scheme: "http", authority: "h", path: &path, query: query.as_deref(), headers: &h };
            let components: Vec<_> = list.iter().map(|n| Component::new(n)).collect();
            let mut out = Vec::new();
            if signature_base(&request, &components, "()", &mut out).is_ok() {
                // One line a component: no value can forge another line.
                prop_assert_eq!(std::str::from_utf8(&out).unwrap().lines().count(), components.len() + 1);
            }
        }

        #[test]
        fn query_parameters_never_panic(query in "\\PC{0,40}", name in "[a-z]{0,5}") {
            let h = HeaderMap::new();
            let request = get(&h, "/", Some(&query));
            let _ = base(&request, &format!("(\"@query-param\";name=\"{name}\")"));
        }
    }
}
