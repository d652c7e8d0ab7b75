//! Bearer tokens (RFC 6750 section 2.1).

use super::{CacheCounts, Credential, Observer, Principal};
use crate::{error::Rejection, scope::Scopes, token::TokenVerifier};
use http::{HeaderMap, header::AUTHORIZATION};
use jiff::Timestamp;

/// The steps of [`BearerVerifier::verify`] in their order.
pub const TOKEN_STEPS: &[&str] = &["parse", "header", "signature", "issuer", "audience", "times", "claims", "scopes"];

/// Decides about requests with `Authorization: Bearer`.
#[derive(Debug)]
pub struct BearerVerifier {
    tokens: TokenVerifier,
}

impl BearerVerifier {
    /// Accepts what `tokens` accepts.
    pub fn new(tokens: TokenVerifier) -> Self {
        Self { tokens }
    }

    /// The use of the token cache. There is none yet: all are zero.
    pub fn cache_counts(&self) -> CacheCounts {
        CacheCounts::default()
    }

    /// Checks the token of a request and that it carries every required scope.
    ///
    /// # Errors
    /// The [`Rejection`] of the first check that fails.
    pub fn verify(&self, headers: &HeaderMap, required: &Scopes, now: Timestamp) -> Result<Principal, Rejection> {
        self.verify_token(bearer(headers)?, required, now, &mut ())
    }

    /// Checks a bare token; `observer` is told of the steps.
    ///
    /// # Errors
    /// As [`BearerVerifier::verify`].
    pub fn verify_token(
        &self,
        token: &str,
        required: &Scopes,
        now: Timestamp,
        observer: &mut impl Observer,
    ) -> Result<Principal, Rejection> {
        let verified = self.tokens.verify_with(token, now, |step| observer.passed(step, &String::new))?;
        verified.scopes.covers(required)?;
        observer.passed("scopes", &|| verified.scopes.to_string());
        Ok(Principal { client: verified.client, scopes: verified.scopes, credential: Credential::Token })
    }
}

/// The token of the one `Authorization` header.
fn bearer(headers: &HeaderMap) -> Result<&str, Rejection> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let missing = Rejection::CredentialMissing("bearer token (Authorization: Bearer …)");
    let line = lines.next().ok_or(missing.clone())?;
    if lines.next().is_some() {
        return Err(Rejection::CredentialMalformed("the request has two Authorization headers".into()));
    }
    let line = line.to_str().map_err(|_| Rejection::CredentialMalformed("Authorization is not ASCII text".into()))?;
    // RFC 9110 section 11.1: the scheme is case-insensitive.
    match line.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(missing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Reason;

    #[test]
    fn the_header_is_read_strictly() {
        let read = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(AUTHORIZATION, line.parse().unwrap());
            }
            bearer(&headers).map(str::to_owned).map_err(|r| r.reason())
        };
        assert_eq!(read(&["Bearer abc"]), Ok("abc".to_owned()));
        assert_eq!(read(&["bearer  abc"]), Ok("abc".to_owned()));
        assert_eq!(read(&[]), Err(Reason::CredentialMissing));
        assert_eq!(read(&["Basic abc"]), Err(Reason::CredentialMissing));
        assert_eq!(read(&["Bearer"]), Err(Reason::CredentialMissing));
        assert_eq!(read(&["Bearer abc", "Bearer abc"]), Err(Reason::CredentialMalformed));
    }
}
