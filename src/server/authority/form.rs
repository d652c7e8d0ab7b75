//! The parameters of an OAuth request: `application/x-www-form-urlencoded`, read strictly and once.

use http::{HeaderMap, header::CONTENT_TYPE};
use std::borrow::Cow;

/// The longest body, in bytes: an assertion and a token of 16 KiB each, and all scopes.
pub(in crate::server) const MAX_FORM: usize = 64 * 1024;
/// The most parameters. OAuth's have a dozen.
const MAX_PARAMETERS: usize = 32;

/// The parameters that have a value: one without is as good as none (RFC 6749 section 3.2).
#[derive(Debug)]
pub(super) struct Form<'b>(Vec<(Cow<'b, str>, Cow<'b, str>)>);

impl<'b> Form<'b> {
    /// Reads a request's body.
    ///
    /// # Errors
    /// What is wrong, in the characters of an `error_description` (RFC 6749 section 5.2).
    pub(super) fn parse(headers: &HeaderMap, body: &'b [u8]) -> Result<Self, &'static str> {
        if body.len() > MAX_FORM {
            return Err("the body is larger than 64 KiB");
        }
        if !is_form(headers) {
            return Err("Content-Type is not application/x-www-form-urlencoded");
        }
        let mut parameters: Vec<(Cow<'_, str>, Cow<'_, str>)> = Vec::new();
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let middle = memchr::memchr(b'=', pair).unwrap_or(pair.len());
            let (name, value) = pair.split_at_checked(middle).unwrap_or_default();
            let unreadable = "the body is not form-urlencoded UTF-8";
            let name = decode(name).ok_or(unreadable)?;
            let value = decode(value.get(1..).unwrap_or_default()).ok_or(unreadable)?;
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err("a parameter is included more than once");
            }
            if parameters.len() == MAX_PARAMETERS {
                return Err("there are more than 32 parameters");
            }
            parameters.push((name, value));
        }
        Ok(Self(parameters))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| &**value)
    }
}

/// The one `Content-Type`, whose charset can only be UTF-8.
fn is_form(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let text = line.to_str().unwrap_or_default();
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let parameters = parameters.trim().replace('"', "");
    essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
        && (parameters.is_empty() || parameters.eq_ignore_ascii_case("charset=utf-8"))
}

fn decode(text: &[u8]) -> Option<Cow<'_, str>> {
    if memchr::memchr2(b'%', b'+', text).is_none() {
        return std::str::from_utf8(text).ok().map(Cow::Borrowed);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => (digit(*bytes.next()?)? << 4) | digit(*bytes.next()?)?,
            plain => *plain,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn digit(hex: u8) -> Option<u8> {
    char::from(hex).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn typed(content_type: &str) -> HeaderMap {
        [(CONTENT_TYPE, content_type.parse().unwrap())].into_iter().collect()
    }

    fn parse(body: &str) -> Result<Form<'_>, &'static str> {
        Form::parse(&typed("application/x-www-form-urlencoded"), body.as_bytes())
    }

    #[test]
    fn values_are_decoded_and_empty_ones_are_none() {
        let form = parse("a=1&b=x+y%2Bz%C3%A9&empty=&&lonely&=nameless&d=e=f").unwrap();
        assert_eq!((form.get("a"), form.get("b"), form.get("d")), (Some("1"), Some("x y+zé"), Some("e=f")));
        assert_eq!((form.get("empty"), form.get("lonely"), form.get("c")), (None, None, None));
        assert!(parse("").unwrap().0.is_empty());
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for bad in ["a=1&a=2", "a=1&%61=1", "a=&a=", "a=%", "a=%4", "a=%zz", "a=%ff", "%ff=a", "a=%+1"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        let many: Vec<_> = (0..33).map(|n| format!("p{n}=1")).collect();
        assert!(parse(&many[..32].join("&")).is_ok());
        assert!(parse(&many.join("&")).is_err());
        assert!(parse(&"a".repeat(MAX_FORM + 1)).is_err());
        assert!(parse(&"a".repeat(MAX_FORM)).is_ok());
    }

    #[test]
    fn the_type_is_a_forms() {
        let read = |content_type: &str| Form::parse(&typed(content_type), b"a=1").is_ok();
        for good in ["Application/X-WWW-Form-Urlencoded", "application/x-www-form-urlencoded; charset=UTF-8"] {
            assert!(read(good), "{good}");
        }
        for bad in ["application/json", "application/x-www-form-urlencoded; charset=latin1", "", "text/plain"] {
            assert!(!read(bad), "{bad}");
        }
        assert!(Form::parse(&HeaderMap::new(), b"a=1").is_err());
        let mut twice = typed("application/x-www-form-urlencoded");
        twice.append(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
        assert!(Form::parse(&twice, b"a=1").is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_encoded_is_read(pairs in proptest::collection::btree_map("\\PC{1,8}", "\\PC{1,20}", 0..8)) {
            let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
            let body: Vec<_> = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
            let body = body.join("&");
            let form = parse(&body).unwrap();
            prop_assert!(pairs.iter().all(|(name, value)| form.get(name) == Some(value)));
        }

        #[test]
        fn junk_never_panics(body in proptest::collection::vec(any::<u8>(), 0..200), text in "[a%=&+ 0f]{0,40}") {
            let headers = typed("application/x-www-form-urlencoded");
            let _ = Form::parse(&headers, &body);
            let _ = Form::parse(&headers, text.as_bytes());
        }
    }
}
