//! A second reading of RFC 9421: what a signature covers, computed the slow way over `sfv`'s own types.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use certauthz::signature::RequestParts;
use sfv::{BareItem, Dictionary, FieldType as _, InnerList, Item, List, ListEntry, Parser};

/// A structured field's dictionary, as `sfv` reads it.
pub(crate) fn dictionary(field: &[u8]) -> Option<Dictionary> {
    Parser::new(field).parse().ok()
}

/// Inner list or item in the one form of RFC 9651 section 4.1.
pub(crate) fn serialize(entry: ListEntry) -> String {
    List::from([entry]).serialize().expect("a list of one entry")
}

/// All lines of a field, joined.
pub(crate) fn joined(request: &RequestParts<'_>, name: &str) -> Option<Vec<u8>> {
    let lines: Vec<_> = request.headers.get_all(name).iter().map(|line| line.as_bytes().trim_ascii()).collect();
    (!lines.is_empty()).then(|| lines.join(&b", "[..]))
}

/// The signature base; `None` where a component has no value that could be signed.
pub(crate) fn base(request: &RequestParts<'_>, list: &InnerList) -> Option<String> {
    let mut lines = Vec::new();
    for item in &list.items {
        lines.push(format!("{}: {}", serialize(item.clone().into()), value(request, item)?));
    }
    lines.push(format!("\"@signature-params\": {}", serialize(list.clone().into())));
    Some(lines.join("\n"))
}

fn value(request: &RequestParts<'_>, item: &Item) -> Option<String> {
    let name = item.bare_item.as_string()?.as_str();
    let parameters: Vec<_> = item.params.iter().map(|(key, value)| (key.as_str(), value)).collect();
    let authority = || {
        let port = if request.scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
        request.authority.strip_suffix(port).unwrap_or(request.authority).to_lowercase()
    };
    let path = if request.path.is_empty() { "/" } else { request.path };
    let target = || format!("{path}{}", request.query.map_or(String::new(), |query| format!("?{query}")));
    let text = match (name, &parameters[..]) {
        ("@method", []) => request.method.to_owned(),
        ("@authority", []) => authority(),
        ("@scheme", []) => request.scheme.to_lowercase(),
        ("@path", []) => path.to_owned(),
        ("@query", []) => format!("?{}", request.query.unwrap_or_default()),
        ("@request-target", []) => target(),
        ("@target-uri", []) => format!("{}://{}{}", request.scheme.to_lowercase(), authority(), target()),
        ("@query-param", [("name", BareItem::String(wanted))]) => query_parameter(request, wanted.as_str())?,
        (field, parameters) if !field.starts_with('@') => field_value(request, field, parameters)?,
        _ => return None,
    };
    text.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)).then_some(text)
}

fn field_value(request: &RequestParts<'_>, name: &str, parameters: &[(&str, &BareItem)]) -> Option<String> {
    if name.is_empty() || name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    match parameters {
        [] => String::from_utf8(joined(request, name)?).ok(),
        [("bs", BareItem::Boolean(true))] => {
            let lines = request.headers.get_all(name).iter();
            let encoded: Vec<_> =
                lines.map(|line| format!(":{}:", STANDARD.encode(line.as_bytes().trim_ascii()))).collect();
            (!encoded.is_empty()).then(|| encoded.join(", "))
        }
        [("key", BareItem::String(key))] => {
            let members = dictionary(&joined(request, name)?)?;
            members.into_iter().find(|(name, _)| name.as_str() == key.as_str()).map(|(_, entry)| serialize(entry))
        }
        _ => None,
    }
}

/// RFC 9421 section 2.2.8.
fn query_parameter(request: &RequestParts<'_>, wanted: &str) -> Option<String> {
    let pairs = request.query?.split('&').filter(|pair| !pair.is_empty());
    let mut values = pairs.filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (form_encode(&form_decode(name)) == wanted).then_some(value)
    });
    match (values.next(), values.next()) {
        (Some(value), None) => Some(form_encode(&form_decode(value))),
        _ => None,
    }
}

fn form_decode(text: &str) -> Vec<u8> {
    let (mut decoded, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, tail @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                u8::from_str_radix(std::str::from_utf8(&rest[1..3]).expect("digits"), 16).ok()
            }
            _ => None,
        };
        decoded.push(escaped.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if escaped.is_some() { &rest[3..] } else { tail };
    }
    decoded
}

fn form_encode(bytes: &[u8]) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"*-._".contains(&byte);
    let encode = |&byte: &u8| if unreserved(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    bytes.iter().map(encode).collect()
}
