//! What a caller decides about a certificate: its subject and how long it lives.

use crate::error::{Error, Result};
use jiff::{SignedDuration, Timestamp};

/// The longest common name and organization, in characters (RFC 5280 appendix A: ub-common-name, ub-organization-name).
const MAX_CHARACTERS: usize = 64;

/// A distinguished name of ours: a common name, and an organization where one is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    common_name: String,
    organization: Option<String>,
}

impl Subject {
    /// Checks both parts: 1 to 64 characters, none of them a control character.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] with the part that breaks the rule.
    pub fn new(common_name: &str, organization: Option<&str>) -> Result<Self> {
        check("common name", common_name)?;
        organization.map(|organization| check("organization", organization)).transpose()?;
        Ok(Self { common_name: common_name.to_owned(), organization: organization.map(str::to_owned) })
    }

    /// The common name (CN).
    pub fn common_name(&self) -> &str {
        &self.common_name
    }

    /// The organization (O).
    pub fn organization(&self) -> Option<&str> {
        self.organization.as_deref()
    }
}

fn check(what: &'static str, value: &str) -> Result<()> {
    let why = if value.trim().is_empty() {
        "it is empty"
    } else if value.chars().count() > MAX_CHARACTERS {
        "it has more than 64 characters"
    } else if value.chars().any(char::is_control) {
        "it has control characters"
    } else {
        return Ok(());
    };
    Err(Error::invalid(what, value, why, "use 1 to 64 printable characters"))
}

/// How long something lives: for a while from now on, or until a point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// From now on.
    For(SignedDuration),
    /// Until then.
    Until(Timestamp),
}

impl Lifetime {
    /// A number of hours from now on.
    pub const fn hours(hours: i64) -> Self {
        Self::For(SignedDuration::from_hours(hours))
    }

    /// The end, in whole seconds, if the beginning is `now`.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] where the end is not after `now`, or either lies outside of the years 1970 to 9999.
    pub fn end(self, now: Timestamp) -> Result<Timestamp> {
        let hint = "give a duration (90s 15m 24h 30d 1y) or an RFC 3339 time between 1970 and 9999";
        if now.as_second() < 0 {
            return Err(Error::invalid("current time", now, "it lies before 1970", "set this machine's clock"));
        }
        let (end, given) = match self {
            Self::For(duration) => (now.checked_add(duration).ok(), format!("{}s", duration.as_secs())),
            Self::Until(end) => (Some(end), end.to_string()),
        };
        let end = end.and_then(|end| Timestamp::from_second(end.as_second()).ok());
        match end {
            None => Err(Error::invalid("expiration", given, "it ends after the year 9999", hint)),
            Some(end) if end.as_second() < 0 => Err(Error::invalid("expiration", given, "it ends before 1970", hint)),
            Some(end) if end <= now => {
                Err(Error::invalid("expiration", given, format!("it has ended by now, {now}"), hint))
            }
            Some(end) => Ok(end),
        }
    }
}

/// Checks an `http` or `https` URL that is written into certificates and tokens, and returns it.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn check_url(what: &'static str, url: &str) -> Result<String> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let why = if url.len() > 2048 {
        "it has more than 2048 characters"
    } else if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) {
        "not an http or https URL with a host"
    } else if !url.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\')) {
        "it has characters that a URL does not have"
    } else {
        return Ok(url.to_owned());
    };
    Err(Error::invalid(what, url, why, "give one like http://127.0.0.1:8586"))
}

/// As [`check_url`], for the issuer identifier of an authorization server: it has neither query nor fragment (RFC 8414
/// section 2).
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn check_issuer(url: &str) -> Result<String> {
    if url.contains(['?', '#']) {
        let why = "an issuer identifier has neither query nor fragment";
        return Err(Error::invalid("issuer", url, why, "give one like http://127.0.0.1:8586"));
    }
    check_url("issuer", url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_bounds() {
        assert!(Subject::new("alice", None).is_ok());
        assert!(Subject::new(&"é".repeat(64), Some("Acme & Söhne")).is_ok());
        for bad in ["", "  ", "a\nb", "a\0", &"é".repeat(65), &"x".repeat(300)] {
            assert!(Subject::new(bad, None).unwrap_err().is_usage(), "{bad:?}");
            assert!(Subject::new("a", Some(bad)).unwrap_err().is_usage(), "{bad:?}");
        }
    }

    #[test]
    fn times_have_bounds() {
        let now: Timestamp = "2026-01-01T00:00:00.5Z".parse().unwrap();
        assert_eq!(Lifetime::hours(24).end(now).unwrap().to_string(), "2026-01-02T00:00:00Z");
        for bad in [
            Lifetime::hours(0),
            Lifetime::hours(-1),
            Lifetime::For(SignedDuration::MAX),
            Lifetime::For(SignedDuration::MIN),
            Lifetime::Until("1969-12-31T23:59:59Z".parse().unwrap()),
            Lifetime::Until("2025-12-31T23:59:59Z".parse().unwrap()),
            Lifetime::Until(now),
        ] {
            assert!(bad.end(now).unwrap_err().is_usage(), "{bad:?}");
        }
        assert!(Lifetime::Until(Timestamp::MAX).end(now).is_ok());
        assert!(Lifetime::hours(1).end("1969-01-01T00:00:00Z".parse().unwrap()).is_err());
    }

    #[test]
    fn an_issuer_identifier_has_no_query() {
        assert!(check_issuer("https://as.example/tenant").is_ok());
        for bad in ["https://as.example?x", "https://as.example/#a", "as.example"] {
            assert!(check_issuer(bad).unwrap_err().is_usage(), "{bad}");
        }
    }

    #[test]
    fn urls() {
        for good in ["http://127.0.0.1:8586", "https://a.example/x?y=z"] {
            assert_eq!(check_url("issuer", good).unwrap(), good);
        }
        for bad in [
            "",
            "http://",
            "https:///x",
            "ftp://x",
            "x",
            "http://a b",
            "http://a\n",
            "http://ä",
            &format!("http://{}", "a".repeat(3000)),
        ] {
            assert!(check_url("issuer", bad).unwrap_err().is_usage(), "{bad:?}");
        }
    }
}
