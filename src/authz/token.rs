//! Bearer tokens (RFC 6750 section 2.1).

use super::{CacheCounts, Credential, Observer, Principal, RevocationLookup, cache::CredentialCache, revocation};
use crate::{
    crl::{StalePolicy, Staleness},
    error::Rejection,
    scope::Scopes,
    token::{KeySet, TokenVerifier, VerifiedToken},
};
use http::{HeaderMap, header::AUTHORIZATION};
use jiff::Timestamp;
use std::sync::Arc;

/// The steps of [`BearerVerifier::verify`] in their order.
pub const TOKEN_STEPS: &[&str] =
    &["parse", "header", "signature", "issuer", "audience", "times", "claims", "revocation", "scopes"];

/// Decides about requests with `Authorization: Bearer`.
#[derive(Debug)]
pub struct BearerVerifier {
    tokens: TokenVerifier,
    /// Accepted tokens by their whole text, signature included.
    cache: CredentialCache<Arc<Remembered>>,
    /// Asked about the certificates that tokens name.
    revocation: Option<RevocationLookup>,
}

/// A token that was accepted.
#[derive(Debug)]
struct Remembered {
    token: VerifiedToken,
    /// The digest of the keys by which it was: with others it is verified anew.
    keys: [u8; 32],
}

impl BearerVerifier {
    /// Accepts what `tokens` accepts, and verifies the signature of each request's token. Nobody is asked whether the
    /// certificate that a token names is revoked, but see [`BearerVerifier::with_revocation`].
    pub fn new(tokens: TokenVerifier) -> Self {
        Self::with_cache(tokens, 0)
    }

    /// As [`BearerVerifier::new`], but remembers up to `entries` tokens that were accepted, each with
    /// [`super::CACHE_UNIT`] bytes. Their times are checked with each request; what else a token says does not change.
    pub fn with_cache(tokens: TokenVerifier, entries: usize) -> Self {
        Self { tokens, cache: CredentialCache::new(entries), revocation: None }
    }

    /// Looks up the certificate that a token names, with each request that shows it. A token that names none (an older one,
    /// or another issuer's) is not looked up.
    #[must_use]
    pub fn with_revocation(self, revocation: RevocationLookup) -> Self {
        Self { revocation: Some(revocation), ..self }
    }

    /// The policy that is being applied because the list of the tokens' CA is stale at `now`, if it is.
    pub fn stale_policy(&self, now: Timestamp) -> Option<StalePolicy> {
        self.revocation.as_ref()?.stale_policy(now)
    }

    /// What the cache of tokens has done.
    pub fn cache_counts(&self) -> CacheCounts {
        self.cache.counts()
    }

    /// Checks the token of a request, that the certificate which it names is not revoked, and that it carries every
    /// required scope.
    ///
    /// # Errors
    /// The [`Rejection`] of the first check that fails.
    pub fn verify(&self, headers: &HeaderMap, required: &Scopes, now: Timestamp) -> Result<Principal, Rejection> {
        let token = bearer(headers)?;
        if let Some(known) = self.cache.get(token.as_bytes(), b"") {
            if known.keys == self.tokens.keys_digest() && self.tokens.is_timely(&known.token, now) {
                return self.admit(&known.token, required, now);
            }
            // The whole verification says what is wrong: a hit must never answer what a miss would not.
            self.cache.remove(token.as_bytes(), b"");
        }
        let (verified, keys) = self.tokens.verify_and_tell_keys(token, now)?;
        let remembered = Arc::new(Remembered { token: verified, keys });
        self.cache.insert(token.as_bytes(), b"", Arc::clone(&remembered));
        self.admit(&remembered.token, required, now)
    }

    /// Replaces the keys that tokens may be signed with. Tokens of keys that are gone are refused from now on, remembered
    /// or not.
    pub fn set_keys(&self, keys: KeySet) {
        self.tokens.set_keys(keys);
    }

    /// Whether a request's token names a key that is not in use ([`TokenVerifier::names_unknown_key`]).
    pub fn names_unknown_key(&self, headers: &HeaderMap) -> bool {
        bearer(headers).is_ok_and(|token| self.tokens.names_unknown_key(token))
    }

    /// What tokens are checked with.
    pub fn tokens(&self) -> &TokenVerifier {
        &self.tokens
    }

    /// Checks a bare token, remembered or not; `observer` is told of the steps ([`TOKEN_STEPS`]). What the token says is
    /// returned with the answer.
    ///
    /// # Errors
    /// As [`BearerVerifier::verify`].
    pub fn verify_token(
        &self,
        token: &str,
        required: &Scopes,
        now: Timestamp,
        observer: &mut impl Observer,
    ) -> Result<(Principal, VerifiedToken), Rejection> {
        let verified = self.tokens.verify_with(token, now, |step| observer.passed(step, &String::new))?;
        let revocation = self.check_revocation(&verified, now)?;
        match (&self.revocation, &verified.certificate) {
            (Some(lookup), Some(serial)) if !lookup.is_off() => {
                observer.passed("revocation", &|| format!("{serial} is {}", revocation::describe(revocation)));
            }
            (Some(lookup), None) if !lookup.is_off() => {
                observer.skipped("revocation", &|| "the token names no certificate".to_owned());
            }
            _ => observer.skipped("revocation", &|| "not checked".to_owned()),
        }
        let principal = principal(&verified, required, revocation)?;
        observer.passed("scopes", &|| format!("{}, until {}", verified.scopes, verified.expires));
        Ok((principal, verified))
    }

    /// Decides about a token of which the authorization server has just said what it says: whether it carries every
    /// required scope. The certificate that it names is refused if a list that is at hand has it; that there is no list, or
    /// a stale one, is nothing to go by beside so fresh an answer.
    ///
    /// # Errors
    /// [`Rejection::CertificateRevoked`], [`Rejection::InsufficientScope`].
    pub fn admit_introspected(&self, verified: &VerifiedToken, required: &Scopes) -> Result<Principal, Rejection> {
        if let (Some(lookup), Some(serial)) = (&self.revocation, &verified.certificate) {
            lookup.check_listed(serial, verified.signer.as_ref())?;
        }
        principal(verified, required, Staleness::Current)
    }

    fn admit(&self, verified: &VerifiedToken, required: &Scopes, now: Timestamp) -> Result<Principal, Rejection> {
        let revocation = self.check_revocation(verified, now)?;
        principal(verified, required, revocation)
    }

    fn check_revocation(&self, verified: &VerifiedToken, now: Timestamp) -> Result<Staleness, Rejection> {
        match (&self.revocation, &verified.certificate) {
            (Some(lookup), Some(serial)) => lookup.check(serial, verified.signer.as_ref(), now),
            _ => Ok(Staleness::Current),
        }
    }
}

fn principal(verified: &VerifiedToken, required: &Scopes, revocation: Staleness) -> Result<Principal, Rejection> {
    verified.scopes.covers(required)?;
    Ok(Principal {
        client: Arc::clone(&verified.client),
        scopes: verified.scopes.clone(),
        credential: Credential::Token { revocation },
    })
}

/// The token of the one `Authorization` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, Rejection> {
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

    /// `cargo test --release --lib authz::token -- --ignored --nocapture`
    #[test]
    #[ignore = "a measurement"]
    fn cost_of_revocation() {
        use crate::{
            authz::{RevocationCheck, RevocationLookup},
            cert::{
                Serial, Subject,
                facts::Facts,
                issuer::{Issuer, Template, root},
            },
            crl::{
                RevocationList, RevocationReason, RevocationStore,
                issue::{Content, Entry, issue},
            },
            key::{KeyType, LocalKey, PublicKey, Signer as _},
            token::{Claims, Confirmation, issue as sign},
        };
        use jiff::SignedDuration;
        use std::{hint::black_box, time::Instant};

        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let signer = LocalKey::generate(KeyType::Rsa(2048)).unwrap();
        let subject = Subject::new("ca", None).unwrap();
        let template = Template { subject, serial: None, lifetime: None, crl_url: None };
        let ca: Facts = root(&template, &signer, now).unwrap();
        let entry =
            |_| Entry { serial: Serial::random().unwrap(), revoked_at: now, reason: RevocationReason::Unspecified };
        let content = Content {
            number: 1,
            this_update: now,
            next_update: now + SignedDuration::from_hours(1),
            entries: (0..100).map(entry).collect(),
        };
        let list = issue(&Issuer::new(&ca, &signer).unwrap(), &content).unwrap();
        let mut lists = RevocationStore::new();
        lists.offer(RevocationList::verify(&list, &ca.der).unwrap()).unwrap();
        let lookup = RevocationLookup::new(lists.into(), [&ca], RevocationCheck::Required(StalePolicy::FailClosed));
        let bearer = |cnf: bool| {
            let claims = Claims {
                iss: "i".into(),
                sub: "a".into(),
                client_id: "a".into(),
                aud: "b".into(),
                exp: now.as_second() + 900,
                iat: now.as_second(),
                jti: "1".into(),
                scope: "b.c".into(),
                cnf: cnf.then(|| Confirmation::new(b"x", &Serial::random().unwrap())),
            };
            HeaderMap::from_iter([(
                AUTHORIZATION,
                format!("Bearer {}", sign(&signer, &claims).unwrap()).parse().unwrap(),
            )])
        };
        let required = Scopes::parse("b.c").unwrap();
        let [plain, named] = [bearer(false), bearer(true)];
        for cache in [0, 9] {
            let key = PublicKey::from_spki_der(signer.public_key().spki_der()).unwrap();
            let tokens = TokenVerifier::new(key, "i".into(), "b".into(), SignedDuration::ZERO);
            let verifier = BearerVerifier::with_cache(tokens, cache).with_revocation(lookup.clone());
            let mut best = [f64::MAX; 2];
            let calls = if cache == 0 { 2_000 } else { 100_000 };
            for _ in 0..30 {
                for (best, headers) in best.iter_mut().zip([&plain, &named]) {
                    let start = Instant::now();
                    for _ in 0..calls {
                        verifier.verify(black_box(headers), &required, now).unwrap();
                    }
                    *best = best.min(start.elapsed().as_secs_f64() / f64::from(calls) * 1e9);
                }
            }
            println!("cache {cache}: {:.0} ns without certificate, {:.0} ns with one looked up", best[0], best[1]);
        }
    }
}
