//! An HTTP/1.1 request as bytes (RFC 9112), read as strictly as a server would.

use crate::{error::Rejection, signature::RequestParts};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use std::borrow::Cow;

/// The most header lines.
const MAX_HEADERS: usize = 256;

/// A whole request message with nothing decided about it, for verification away from a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The method, case-sensitive.
    pub method: String,
    /// `http` or `https`; `http` where the request target names none.
    pub scheme: String,
    /// The target's authority, or else that of `Host`, as sent.
    pub authority: String,
    /// The path as sent.
    pub path: String,
    /// The query without its question mark, as sent.
    pub query: Option<String>,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body; empty is none.
    pub body: Vec<u8>,
}

fn malformed(why: impl Into<Cow<'static, str>>) -> Rejection {
    Rejection::CredentialMalformed(why.into())
}

impl Message {
    /// Reads the whole message, and nothing after it.
    ///
    /// # Errors
    /// [`Rejection::CredentialMalformed`] for whatever two servers could read in two ways: a second `Host` or
    /// `Content-Length`, `Transfer-Encoding`, folded lines, a body of another length than the header says.
    pub fn parse(bytes: &[u8]) -> Result<Self, Rejection> {
        if bytes.is_empty() {
            return Err(malformed("the message is empty"));
        }
        let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut head = httparse::Request::new(&mut lines);
        let length = match head.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Err(malformed("the message ends within its header")),
            Err(error) => return Err(malformed(format!("not an HTTP/1.1 request: {error}"))),
        };
        let mut headers = HeaderMap::with_capacity(head.headers.len());
        for line in head.headers.iter() {
            let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(|_| malformed("a bad header name"))?;
            let value = HeaderValue::from_bytes(line.value).map_err(|_| malformed("a bad header value"))?;
            headers.append(name, value);
        }
        let body = body(&headers, bytes.get(length..).unwrap_or_default())?;
        let (Some(method), Some(target)) = (head.method, head.path) else {
            return Err(malformed("the request line is incomplete"));
        };
        let host = host(&headers)?;
        // `Uri` would drop a fragment, which a request line does not have (RFC 9112 section 3.2).
        if target.contains('#') {
            return Err(malformed("the request target has a fragment"));
        }
        let uri: Uri = target.parse().map_err(|_| malformed("the request target is no URI"))?;
        Ok(Self {
            method: method.to_owned(),
            scheme: uri.scheme_str().unwrap_or("http").to_owned(),
            // RFC 9112 section 3.2.2: the authority of an absolute target counts, whatever Host says.
            authority: uri.authority().map_or(host, |authority| authority.as_str().to_owned()),
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
            headers,
            body: body.to_vec(),
        })
    }

    /// What a signature can cover of it.
    pub fn parts(&self) -> RequestParts<'_> {
        RequestParts {
            method: &self.method,
            scheme: &self.scheme,
            authority: &self.authority,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &self.headers,
        }
    }
}

/// The one `Host` (RFC 9112 section 3.2).
fn host(headers: &HeaderMap) -> Result<String, Rejection> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next().map(|host| host.to_str()), hosts.next()) {
        (Some(Ok(host)), None) if !host.is_empty() => Ok(host.to_owned()),
        (None, _) => Err(malformed("the request has no Host")),
        _ => Err(malformed("the request has not exactly one readable Host")),
    }
}

/// What follows the header, if its length is what the header says (RFC 9112 section 6).
fn body<'a>(headers: &HeaderMap, rest: &'a [u8]) -> Result<&'a [u8], Rejection> {
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(malformed("a message with Transfer-Encoding cannot be verified from a file: store it decoded"));
    }
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    let length = match (lengths.next(), lengths.next()) {
        (None, _) => 0,
        (Some(length), None) => {
            let text = length.to_str().ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
            text.and_then(|text| text.parse().ok()).ok_or_else(|| malformed("Content-Length is not a number"))?
        }
        (Some(_), Some(_)) => return Err(malformed("the request has two Content-Length headers")),
    };
    match rest.len() {
        given if given == length => Ok(rest),
        given if given < length => Err(malformed(format!("the body has {given} of {length} bytes"))),
        given => Err(malformed(format!("{} bytes follow after the message", given - length))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Message, Rejection> {
        Message::parse(text.as_bytes())
    }

    #[test]
    fn requests() {
        let post =
            parse("POST /a%20b?x=1&y HTTP/1.1\r\nHost: Bob:80\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 2\r\n\r\nhi");
        let post = post.unwrap();
        assert_eq!((post.method.as_str(), post.authority.as_str()), ("POST", "Bob:80"));
        assert_eq!((post.path.as_str(), post.query.as_deref(), &post.body[..]), ("/a%20b", Some("x=1&y"), &b"hi"[..]));
        assert_eq!(post.headers.get_all("x-a").iter().count(), 2);
        let absolute = parse("GET https://bob.example?q HTTP/1.1\r\nHost: other\r\n\r\n").unwrap();
        assert_eq!((absolute.scheme.as_str(), absolute.authority.as_str()), ("https", "bob.example"));
    }

    #[test]
    fn what_two_servers_could_read_in_two_ways() {
        for bad in [
            "",
            "GET / HTTP/1.1\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\r\nbody",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nbody",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nbody",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nbody",
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "GET /\r\nHost: a\r\n\r\n",
            "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
        let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: 1\r\n".repeat(10_000));
        assert!(parse(&many).is_err());
    }

    proptest! {
        #[test]
        fn junk_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Message::parse(&bytes);
        }

        #[test]
        fn near_misses_never_panic(target in "[ -~]{0,20}", line in "[ -~]{0,30}", rest in "[ -~\r\n]{0,30}") {
            let _ = parse(&format!("GET {target} HTTP/1.1\r\nHost: a\r\n{line}\r\n\r\n{rest}"));
        }
    }
}
