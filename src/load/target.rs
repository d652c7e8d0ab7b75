//! Where requests go: an `http` URL, resolved once before the run.

use crate::error::{Error, Result};
use http::{HeaderValue, Uri};
use std::net::{SocketAddr, ToSocketAddrs as _};

/// A server to send requests to: one authority, all of its addresses.
#[derive(Debug, Clone)]
pub struct Target {
    url: Uri,
    host: HeaderValue,
    addresses: Vec<SocketAddr>,
}

impl Target {
    /// Parses `url` and looks up its host, which may block.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] where it is not an `http://HOST[:PORT][/PATH]` URL, [`Error::Network`] where the host has
    /// no address.
    pub fn resolve(url: &str) -> Result<Self> {
        const SHAPE: &str = "give a URL like http://127.0.0.1:8585";
        let invalid = |why: String| Error::invalid("URL", url, why, SHAPE);
        let uri: Uri = url.parse().map_err(|error| invalid(format!("not a URL: {error}")))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return Err(Error::invalid(
                    "URL",
                    url,
                    "https is not supported by the load test",
                    "measure the server's plain http port: TLS would hide the cost that is compared here",
                ));
            }
            Some(other) => return Err(invalid(format!("scheme {other:?} is not http"))),
            None => return Err(invalid("it has no scheme".into())),
        }
        let authority = uri.authority().ok_or_else(|| invalid("it has no host".into()))?;
        if authority.as_str().contains('@') {
            return Err(invalid("user information is not allowed in it".into()));
        }
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        // `http://host:/` and `http://host:99999/` parse as an authority, but have no port that could be used.
        let port = match authority.as_str().rsplit_once(authority.host()).map(|(_, rest)| rest) {
            None | Some("") => 80,
            Some(_) => authority.port_u16().ok_or_else(|| invalid("its port is not 1 to 65535".into()))?,
        };
        if name.is_empty() || port == 0 {
            return Err(invalid("host and port must not be empty or 0".into()));
        }
        let host = HeaderValue::from_str(authority.as_str()).map_err(|error| invalid(error.to_string()))?;
        let unknown = |why: String| Error::Network {
            url: url.to_owned(),
            why,
            hint: "check the host name, or give an IP address".into(),
        };
        let addresses: Vec<_> = (name, port)
            .to_socket_addrs()
            .map_err(|error| unknown(format!("cannot look up {name:?}: {error}")))?
            .collect();
        if addresses.is_empty() {
            return Err(unknown(format!("{name:?} has no address")));
        }
        Ok(Self { url: uri, host, addresses })
    }

    /// The URL as it was given.
    pub fn url(&self) -> &Uri {
        &self.url
    }

    /// Host and port as they belong into a `Host` header.
    pub fn authority(&self) -> &str {
        self.host.to_str().unwrap_or_default()
    }

    pub(super) fn host_header(&self) -> &HeaderValue {
        &self.host
    }

    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The URL of a request to this server, for messages.
    pub(super) fn url_of(&self, path: &Uri) -> String {
        let path = path.path_and_query().map_or("/", |path| path.as_str());
        format!("http://{}{path}", self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn http_urls_resolve() {
        for (url, address, authority) in [
            ("http://127.0.0.1:8585/x", "127.0.0.1:8585", "127.0.0.1:8585"),
            ("http://127.0.0.1", "127.0.0.1:80", "127.0.0.1"),
            ("http://[::1]:81/", "[::1]:81", "[::1]:81"),
            ("http://[::1]", "[::1]:80", "[::1]"),
        ] {
            let target = Target::resolve(url).unwrap();
            assert_eq!(target.addresses(), [address.parse().unwrap()], "{url}");
            assert_eq!(target.authority(), authority);
        }
    }

    #[test]
    fn other_urls_are_usage_errors_that_say_why() {
        for (url, why) in [
            ("https://localhost:1", "https is not supported"),
            ("ftp://localhost", "not http"),
            ("localhost", "no scheme"),
            ("/token", "no scheme"),
            ("", "not a URL"),
            ("http://", "not a URL"),
            ("http://alice@localhost", "user information"),
            ("http://localhost:0", "0"),
            ("http://localhost:99999", "port"),
            ("http://localhost:", "port"),
        ] {
            let error = Target::resolve(url).unwrap_err();
            assert!(error.is_usage() && error.to_string().contains(why), "{url}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_url_panics(rest in "[!-~]{0,20}") {
            // An IP address first, so that nothing is looked up.
            let _ = Target::resolve(&format!("http://127.0.0.1{}{rest}", if rest.starts_with([':', '/']) { "" } else { "/" }));
            let _ = Target::resolve(&format!("{rest}://127.0.0.1"));
        }
    }
}
