//! The authorities that a service answers for.

use crate::{
    error::{Error, Rejection, Result},
    signature::base::normalized_authority,
};
use std::net::SocketAddr;

/// The names (host and optional port) under which a service is called; a request signed for any other is refused, so
/// that whoever receives a request cannot relay it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorities(Vec<String>);

impl Authorities {
    /// These authorities, e.g. `bob.example` or `bob.example:8443`.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for an empty list, or for a value that is no host with an optional port.
    pub fn new<I: IntoIterator<Item: AsRef<str>>>(values: I) -> Result<Self> {
        let authorities = values.into_iter().map(|v| parse(v.as_ref())).collect::<Result<Vec<_>>>()?;
        if authorities.is_empty() {
            return Err(Error::invalid("authority", "", "none was given", "name at least one host with --authority"));
        }
        Ok(Self(authorities))
    }

    /// The authorities of a listening address: itself, and for a loopback address also `localhost`, `127.0.0.1` and
    /// `[::1]` with the same port.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a wildcard address: nobody can tell by which name clients call it.
    pub fn of_address(address: SocketAddr) -> Result<Self> {
        let port = address.port();
        if address.ip().is_unspecified() {
            return Err(Error::invalid(
                "authority",
                address,
                "a wildcard address has no name of its own",
                "say by which names clients call this service: --authority HOST[:PORT]",
            ));
        }
        let mut values = vec![address.to_string()];
        if address.ip().is_loopback() {
            values.extend(["localhost", "127.0.0.1", "[::1]"].map(|host| format!("{host}:{port}")));
        }
        Self::new(values)
    }

    /// Whether `authority` (as sent, any case, default port or not) is one of these.
    ///
    /// # Errors
    /// [`Rejection::AuthorityMismatch`].
    pub fn check(&self, scheme: &str, authority: &str) -> Result<(), Rejection> {
        let normalized = normalized_authority(scheme, authority);
        // A list of a few names: a scan is faster than a hash.
        if self.0.iter().any(|own| *own == normalized) {
            Ok(())
        } else {
            Err(Rejection::AuthorityMismatch { got: authority.chars().take(200).collect() })
        }
    }

    /// The authorities in their normalized form.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

fn parse(value: &str) -> Result<String> {
    let bad =
        |why: &'static str| Error::invalid("authority", value, why, "write HOST or HOST:PORT, e.g. bob.example:8443");
    let parsed: http::uri::Authority = value.parse().map_err(|_| bad("not a host with an optional port"))?;
    if value.contains('@') {
        return Err(bad("user information is not part of a service's name"));
    }
    if parsed.host().is_empty() || value.ends_with(':') {
        return Err(bad("not a host with an optional port"));
    }
    // Whether a service is reached by http or https does not change its name: both default ports are dropped.
    Ok(normalized_authority("https", &normalized_authority("http", value)).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_has_three_names_and_a_wildcard_none() {
        let own = Authorities::of_address("127.0.0.1:8585".parse().unwrap()).unwrap();
        for good in ["127.0.0.1:8585", "localhost:8585", "LOCALHOST:8585", "[::1]:8585"] {
            assert_eq!(own.check("http", good), Ok(()), "{good}");
        }
        for bad in ["", "localhost", "localhost:8586", "carol.example", "localhost:8585@carol", "a@localhost:8585"] {
            assert!(own.check("http", bad).is_err(), "{bad}");
        }
        assert!(Authorities::of_address("0.0.0.0:80".parse().unwrap()).is_err());
        assert!(Authorities::of_address("[::]:80".parse().unwrap()).is_err());
        let lan = Authorities::of_address("10.0.0.5:80".parse().unwrap()).unwrap();
        assert_eq!(lan.check("http", "10.0.0.5"), Ok(()));
        assert!(lan.check("http", "localhost").is_err());
    }

    #[test]
    fn default_ports_do_not_matter() {
        let own = Authorities::new(["Bob.example:443", "b:80"]).unwrap();
        assert_eq!(own.check("https", "bob.example"), Ok(()));
        assert_eq!(own.check("http", "b:80"), Ok(()));
        assert_eq!(own.check("http", "bob.EXAMPLE"), Ok(()));
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in ["", "http://bob", "a b", "u@h", "h:", "h/p"] {
            assert!(Authorities::new([bad]).is_err(), "{bad}");
        }
        assert!(Authorities::new(Vec::<String>::new()).is_err());
    }
}
