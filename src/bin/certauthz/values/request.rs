//! The parts of an HTTP request, and the addresses of servers.

use crate::input;
use certauthz::{error::Result, server::Source};
use http::{HeaderName, HeaderValue, Method, Uri, uri::Authority};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

/// One header line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) name: HeaderName,
    pub(crate) value: HeaderValue,
}

/// Reads `Name: value`. The value may be empty.
pub(crate) fn header(text: &str) -> Result<Header, String> {
    let (name, value) =
        text.split_once(':').ok_or_else(|| "a header is a name, a colon and a value, like 'K: V'".to_owned())?;
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        "a header's name has letters, digits and !#$%&'*+-.^_`|~ only (RFC 9110 section 5.6.2)".to_owned()
    })?;
    // HeaderValue itself lets other bytes pass, which no two peers read the same way (RFC 9110 section 5.5).
    let value = Some(value.trim_matches([' ', '\t']))
        .filter(|value| value.is_ascii())
        .and_then(|value| HeaderValue::from_str(value).ok())
        .ok_or_else(|| "a header's value has printable ASCII characters only, and is one line".to_owned())?;
    Ok(Header { name, value })
}

/// Reads a method. It is case-sensitive (RFC 9110 section 9.1).
pub(crate) fn method(text: &str) -> Result<Method, String> {
    Method::from_bytes(text.as_bytes()).map_err(|_| "a method is one word, like GET, POST or DELETE".to_owned())
}

/// An absolute `http` or `https` URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpUrl(Uri);

impl HttpUrl {
    /// Its parts. Scheme and authority are there.
    pub(crate) fn uri(&self) -> &Uri {
        &self.0
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Reads an absolute URL.
pub(crate) fn url(text: &str) -> Result<HttpUrl, String> {
    if !text.is_ascii() {
        return Err("a URL has ASCII characters only: percent-encode the others".to_owned());
    }
    let uri: Uri = text
        .parse()
        .map_err(|error| format!("it cannot be read ({error}); a URL is like http://127.0.0.1:8585/cert"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err("a URL begins with http:// or https://".to_owned());
    }
    match uri.authority() {
        Some(authority) if authority.as_str().contains('@') => {
            Err("no user and password in the URL: everybody on this machine could read them".to_owned())
        }
        Some(authority) if !authority.host().is_empty() => Ok(HttpUrl(uri)),
        _ => Err("the URL names no host".to_owned()),
    }
}

/// Reads a URL or the path of a file.
pub(crate) fn source(text: &str) -> Result<Source, String> {
    match text.split_once("://") {
        Some((scheme, _)) if scheme.chars().all(|c| c.is_ascii_alphanumeric()) => Ok(Source::Url(url(text)?.0)),
        _ if text.is_empty() => Err("a file's name or a URL is missing".to_owned()),
        _ => Ok(Source::File(text.into())),
    }
}

/// Reads `HOST` or `HOST:PORT`, and gives it in lower case, as RFC 9421 section 2.2.3 wants `@authority`.
pub(crate) fn authority(text: &str) -> Result<String, String> {
    const FORM: &str = "an authority is a host and maybe a port, like bob.example, bob.example:8443 or [::1]:8585";
    let authority: Authority = text.parse().map_err(|_| FORM.to_owned())?;
    let port_is_fine = match authority.as_str().rsplit_once(':') {
        Some((_, port)) if !port.ends_with(']') => port.parse::<u16>().is_ok_and(|port| port != 0),
        _ => true,
    };
    if authority.host().is_empty() || authority.as_str().contains('@') || !port_is_fine {
        return Err(FORM.to_owned());
    }
    Ok(authority.as_str().to_ascii_lowercase())
}

/// Reads an address to listen on. `localhost` is the IPv4 loopback address; other names would depend on the resolver.
pub(crate) fn listen(text: &str) -> Result<SocketAddr, String> {
    if let Some(port) = text.strip_prefix("localhost:").and_then(|port| port.parse().ok()) {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    text.parse()
        .map_err(|_| "an address is an IP address and a port, like 127.0.0.1:8585, [::1]:8585 or 0.0.0.0:0".to_owned())
}

/// The body of a request, not yet read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Data {
    /// The bytes of this text.
    Inline(String),
    /// The bytes of this file, as they are.
    File(PathBuf),
    /// Everything on standard input.
    Stdin,
}

/// Reads `DATA`, `@FILE` or `@-`.
pub(crate) fn data(text: &str) -> Result<Data, String> {
    Ok(match text.strip_prefix('@') {
        Some("") => return Err("a file's name is missing behind the @; @- is standard input".to_owned()),
        Some("-") => Data::Stdin,
        Some(file) => Data::File(file.into()),
        None => Data::Inline(text.to_owned()),
    })
}

impl Data {
    /// The bytes.
    ///
    /// # Errors
    /// [`Error::Io`] if the file or standard input cannot be read, [`Error::BadFile`] if it is larger than 256 MiB.
    pub(crate) fn read(&self) -> Result<Vec<u8>> {
        match self {
            Self::Inline(text) => Ok(text.clone().into_bytes()),
            Self::File(path) => input::read_body(path),
            Self::Stdin => input::read_body(Path::new("-")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use certauthz::error::Error;
    use proptest::prelude::*;

    #[test]
    fn headers() {
        let parsed = header("X-Test:  a: b \t").unwrap();
        assert_eq!((parsed.name.as_str(), parsed.value.as_bytes()), ("x-test", &b"a: b"[..]));
        assert!(header("X-Empty:").unwrap().value.is_empty());
        for bad in ["", "no colon", ": v", "a b: c", "k: a\r\nInjected: b", "k\n: v", "k: é", " k: v"] {
            assert!(header(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn urls() {
        for good in ["http://127.0.0.1:8585/cert?b=2", "https://bob.example", "http://[::1]:80/", "http://h/%C3%A9?"] {
            assert!(url(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "bob.example",
            "/cert",
            "ftp://a/",
            "http://",
            "http:///x",
            "http://u:p@h/",
            "http://h/é",
            "http://h/a b",
            "file:///etc",
        ] {
            assert!(url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sources() {
        assert_eq!(source("a/b.crl"), Ok(Source::File("a/b.crl".into())));
        assert_eq!(source("https:/x"), Ok(Source::File("https:/x".into())));
        assert_eq!(source("http://a/crl"), Ok(Source::Url("http://a/crl".parse().unwrap())));
        for bad in ["", "ftp://a/", "file:///a", "http://", "http://u:p@h/"] {
            assert!(source(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn authorities() {
        assert_eq!(authority("Bob.Example:8443").as_deref(), Ok("bob.example:8443"));
        assert_eq!(authority("[::1]").as_deref(), Ok("[::1]"));
        assert_eq!(authority("[::1]:8585").as_deref(), Ok("[::1]:8585"));
        for bad in ["", ":80", "a:", "a:0", "a:99999", "a:b", "u@h", "a/b", "a b", "http://a"] {
            assert!(authority(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn listen_addresses() {
        assert_eq!(listen("localhost:1").unwrap(), "127.0.0.1:1".parse().unwrap());
        assert!(listen("[::]:0").is_ok());
        for bad in ["", "8585", "127.0.0.1", "127.0.0.1:99999", "example.org:80", "localhost:x"] {
            assert!(listen(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn bodies() {
        assert_eq!(data("a@b"), Ok(Data::Inline("a@b".to_owned())));
        assert_eq!(data("@-"), Ok(Data::Stdin));
        assert_eq!(data("@x/y"), Ok(Data::File("x/y".into())));
        assert!(data("@").is_err());
        assert_eq!(data("").unwrap().read().unwrap(), b"");
        assert!(matches!(data("@/nonexistent/x").unwrap().read(), Err(Error::Io { .. })));
    }

    proptest! {
        #[test]
        fn junk_never_panics(text in any::<String>()) {
            let _ = (header(&text), method(&text), url(&text), source(&text), authority(&text), listen(&text), data(&text));
        }

        #[test]
        fn a_header_is_one_line(text in any::<String>()) {
            if let Ok(header) = header(&text) {
                prop_assert!(!header.value.as_bytes().iter().any(|b| matches!(b, b'\r' | b'\n' | 0)));
            }
        }
    }
}
