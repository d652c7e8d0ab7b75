//! Which access token a client gets when it asks for one (RFC 6749 section 4.4).

use crate::{
    error::{Error, Result},
    key::KeyError,
    scope::Scopes,
    store::{RegisteredClient, default_audience},
    token::{Claims, Confirmation},
};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64_simd::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};

/// The longest audience, in bytes.
const MAX_AUDIENCE: usize = 256;

/// What a client asks for. An empty value is as good as none (RFC 6749 section 3.2).
#[derive(Debug, Clone, Copy, Default)]
pub struct TokenRequest<'r> {
    /// Some of its scopes, space-delimited; all of them if `None`.
    pub scope: Option<&'r str>,
    /// The service that shall accept the token; [`default_audience`] of its scopes if `None`.
    pub audience: Option<&'r str>,
}

/// The tokens that an authorization server issues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPolicy {
    /// `iss`.
    pub issuer: String,
    /// How long a token lives at most. It never outlives the certificate that it names.
    pub lifetime: SignedDuration,
}

/// Why a client gets no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GrantError {
    /// A scope that it does not have, or that is none (`invalid_scope`).
    #[error("{0}")]
    Scope(&'static str),
    /// An audience that is none, or that does not follow from the scopes (`invalid_request`).
    #[error("{0}")]
    Audience(&'static str),
    /// All its certificates have expired or are revoked (`invalid_client`).
    #[error("the client has no certificate that is valid")]
    NoCertificate,
    /// No randomness.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl TokenPolicy {
    /// What the token says that this client gets for its request.
    ///
    /// # Errors
    /// [`GrantError`].
    pub fn grant(
        &self,
        client: &RegisteredClient,
        request: TokenRequest<'_>,
        now: Timestamp,
    ) -> Result<Claims, GrantError> {
        let certificate = client.newest(now).ok_or(GrantError::NoCertificate)?;
        let scopes = narrowed(client.scopes(), request.scope)?;
        let audience = match request.audience.filter(|audience| !audience.is_empty()) {
            Some(audience) => check_audience(audience)?,
            None => default_audience(&scopes).ok_or(GrantError::Audience(
                "name the service with the parameter audience: the scopes do not tell it",
            ))?,
        };
        let end = now.saturating_add(self.lifetime).unwrap_or(certificate.not_after).min(certificate.not_after);
        Ok(Claims {
            iss: self.issuer.clone(),
            sub: certificate.common_name.to_string(),
            client_id: certificate.common_name.to_string(),
            aud: audience.to_owned(),
            // In whole seconds: the token must live for what its policy says, not for up to a second less.
            exp: second_from(end).min(certificate.not_after.as_second()),
            iat: now.as_second(),
            jti: random_id()?,
            scope: scopes.to_string(),
            cnf: Some(Confirmation::from_digest(&certificate.sha256, &certificate.serial)),
        })
    }
}

/// The whole second at or after that time.
pub(crate) fn second_from(time: Timestamp) -> i64 {
    time.as_second().saturating_add(i64::from(time.subsec_nanosecond() > 0))
}

/// The scopes that were asked for, if the client has them all.
fn narrowed(allowed: &Scopes, wanted: Option<&str>) -> Result<Scopes, GrantError> {
    let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) else { return Ok(allowed.clone()) };
    let wanted = Scopes::parse(wanted).map_err(|_| GrantError::Scope("scope is not a list of unique scope tokens"))?;
    allowed.covers(&wanted).map_err(|_| GrantError::Scope("the client does not have a scope that it asks for"))?;
    Ok(wanted)
}

fn check_audience(audience: &str) -> Result<&str, GrantError> {
    if audience.len() > MAX_AUDIENCE || audience.trim().is_empty() || audience.chars().any(char::is_control) {
        return Err(GrantError::Audience("audience is not the name of a service in 1 to 256 bytes"));
    }
    Ok(audience)
}

/// 128 random bits in 22 characters.
fn random_id() -> Result<String> {
    let mut id = [0; 16];
    SystemRandom::new().fill(&mut id).map_err(|_| Error::Key(KeyError::Crypto("draw random numbers")))?;
    Ok(URL_SAFE_NO_PAD.encode_to_string(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key::{KeyType, LocalKey, Signer as _},
        store::Registry,
    };
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn policy() -> TokenPolicy {
        TokenPolicy { issuer: "http://as".into(), lifetime: SignedDuration::from_mins(15) }
    }

    fn registry(scopes: &str, life: i64) -> Registry {
        let key = LocalKey::generate(KeyType::Ed25519).unwrap();
        let life = (NOW, NOW + SignedDuration::from_secs(life));
        Registry::default().with(("alice", "alice.example"), key.public_key(), scopes, 7, life)
    }

    fn grant(scopes: &str, scope: Option<&str>, audience: Option<&str>) -> Result<Claims, GrantError> {
        let registry = registry(scopes, 3600);
        policy().grant(registry.client("alice").unwrap(), TokenRequest { scope, audience }, NOW)
    }

    #[test]
    fn a_token_names_the_client_as_its_certificate_does_and_does_not_outlive_it() {
        let claims = grant("bob.read bob.write", None, None).unwrap();
        assert_eq!((&*claims.sub, &*claims.client_id, &*claims.iss), ("alice.example", "alice.example", "http://as"));
        assert_eq!((&*claims.aud, &*claims.scope), ("bob", "bob.read bob.write"));
        let confirmation = claims.cnf.unwrap();
        assert_eq!(confirmation.serial, "07");
        assert_eq!(confirmation.x5t_s256, URL_SAFE_NO_PAD.encode_to_string(crate::key::sha256(&[7])));
        assert_eq!((claims.iat, claims.exp), (1_800_000_000, 1_800_000_900));
        assert_ne!(claims.jti, grant("bob.read", None, None).unwrap().jti);
        // Issued within a second, it lives for no less.
        let registry = registry("bob.read", 3600);
        let within = NOW + SignedDuration::from_millis(300);
        let claims = policy().grant(registry.client("alice").unwrap(), TokenRequest::default(), within).unwrap();
        assert_eq!((claims.iat, claims.exp), (1_800_000_000, 1_800_000_901));

        let short = self::registry("bob.read", 60);
        let alice = short.client("alice").unwrap();
        let request = TokenRequest::default();
        assert_eq!(policy().grant(alice, request, NOW).unwrap().exp, 1_800_000_060);
        let later = NOW + SignedDuration::from_secs(61);
        assert!(matches!(policy().grant(alice, request, later), Err(GrantError::NoCertificate)));
    }

    #[test]
    fn scopes_are_narrowed_and_never_widened() {
        let scope = |wanted| grant("bob.read bob.write", Some(wanted), None).map(|claims| claims.scope);
        assert_eq!(scope("bob.write").unwrap(), "bob.write");
        assert_eq!(scope("bob.write bob.read").unwrap(), "bob.write bob.read");
        assert_eq!(scope("").unwrap(), "bob.read bob.write");
        for bad in [
            "bob.root",
            "bob.read bob.root",
            "bob.Read",
            "bob",
            "bob.read  bob.write",
            " ",
            "bob.read bob.read",
            "\u{7f}",
        ] {
            assert!(matches!(scope(bad), Err(GrantError::Scope(_))), "{bad:?}");
        }
    }

    #[test]
    fn the_audience_is_given_or_clear() {
        let audience = |scopes, wanted| grant(scopes, None, wanted).map(|claims| claims.aud);
        assert_eq!(audience("bob.read", Some("carol")).unwrap(), "carol");
        assert_eq!(audience("bob.read", Some("")).unwrap(), "bob");
        assert!(matches!(audience("bob.read carol.read", None), Err(GrantError::Audience(_))));
        assert!(matches!(audience("read", None), Err(GrantError::Audience(_))));
        assert_eq!(grant("bob.read carol.read", Some("carol.read"), None).unwrap().aud, "carol");
        for bad in [" ", "a\nb", &"x".repeat(257)] {
            assert!(matches!(audience("bob.read", Some(bad)), Err(GrantError::Audience(_))), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_token_has_a_scope_that_the_client_has_not(wanted in "[abr.o ]{0,12}", audience in "\\PC{0,6}") {
            let allowed = Scopes::parse("bob.a bob.b o r").unwrap();
            if let Ok(claims) = grant(&allowed.to_string(), Some(&wanted), Some(&audience)) {
                prop_assert!(allowed.covers(&Scopes::parse(&claims.scope).unwrap()).is_ok());
                prop_assert!(!claims.aud.trim().is_empty());
            }
        }
    }
}
