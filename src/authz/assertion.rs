//! Client assertions (RFC 7521 section 4.2, RFC 7523 section 3): a client authenticates by a JWT that it signs.

use super::{Authorities, ReplayMemory};
use crate::{
    error::{Rejection, Result},
    key::{KeyType, LocalKey, PublicKey, Signer as _},
    scratch::Scratch,
    store::{RegisteredClient, Registry},
    token::wire::{Audience, HeaderIn, NumericDate, Parts, Text, decode, json_error, missing},
};
use base64_simd::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::sync::Arc;

/// The value of `client_assertion_type` (RFC 7523 section 2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The longest life that an assertion may have left.
pub const MAX_ASSERTION_LIFE: SignedDuration = SignedDuration::from_secs(300);
/// The most characters of a `jti`.
const MAX_ID: usize = 256;
/// How far a client's clock may differ.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

/// Decides who made a client assertion. One instance serves all threads.
///
/// It takes as long to refuse a client that does not exist as one whose signature is wrong: there is always a key to
/// verify with.
#[derive(Debug)]
pub struct AssertionVerifier {
    audiences: Vec<String>,
    started: Timestamp,
    used: ReplayMemory,
    /// A key for each algorithm, with which nobody signs.
    strangers: Vec<PublicKey>,
}

#[derive(Deserialize)]
struct AssertionClaims<'a> {
    #[serde(borrow)]
    iss: Option<Text<'a>>,
    #[serde(borrow)]
    sub: Option<Text<'a>>,
    #[serde(borrow)]
    aud: Option<Audience<'a>>,
    exp: Option<NumericDate>,
    iat: Option<NumericDate>,
    nbf: Option<NumericDate>,
    #[serde(borrow)]
    jti: Option<Text<'a>>,
}

/// The audiences that an authorization server may be called by: its issuer identifier, each authority by `http` and
/// `https`, and for each of them the address of its token endpoint.
pub fn assertion_audiences(issuer: &str, authorities: &Authorities) -> Vec<String> {
    let called = authorities.iter().flat_map(|own| [format!("http://{own}"), format!("https://{own}")]);
    let mut audiences = Vec::new();
    for base in std::iter::once(issuer.to_owned()).chain(called) {
        let endpoint = format!("{}/oauth/token", base.trim_end_matches('/'));
        audiences.extend([base, endpoint]);
    }
    audiences.sort();
    audiences.dedup();
    audiences
}

impl AssertionVerifier {
    /// A verifier for assertions made for any of `audiences`. What was made before `started` is refused, as it may have
    /// been used before; so many as `capacity` are remembered from then on.
    ///
    /// # Errors
    /// [`crate::error::Error::Key`] where keys cannot be made.
    pub fn new(audiences: Vec<String>, started: Timestamp, capacity: usize) -> Result<Self> {
        let mut strangers = vec![PublicKey::from_spki_der(&STANDARD.decode_to_vec(RSA_OF_NOBODY).unwrap_or_default())?];
        for key_type in [KeyType::EcP256, KeyType::EcP384, KeyType::Ed25519] {
            strangers.push(PublicKey::from_spki_der(LocalKey::generate(key_type)?.public_key().spki_der())?);
        }
        Ok(Self { audiences, started, used: ReplayMemory::new(capacity), strangers })
    }

    /// The identifiers (`jti`) that were used.
    pub fn used(&self) -> &ReplayMemory {
        &self.used
    }

    /// The client that made an assertion (a JWT in compact serialization) for the time `now`. `client_id` is the
    /// request's parameter of that name, if it has one.
    ///
    /// # Errors
    /// The [`Rejection`] of the first check that fails. It is for the log: to the client every reason must look the same
    /// (RFC 6749 section 5.2, `invalid_client`) but [`Rejection::ReplayMemoryFull`] and [`Rejection::SignatureExpired`]: the
    /// assertion is good, and was made before the start, or the clock is behind that. Neither refuses the client.
    pub fn verify(
        &self,
        assertion: &str,
        client_id: Option<&str>,
        registry: &Registry,
        now: Timestamp,
    ) -> Result<Arc<RegisteredClient>, Rejection> {
        let parts = Parts::split(assertion)?;
        let mut buffer = Scratch::new();
        let algorithm = algorithm(decode(parts.header, &mut buffer)?, &self.strangers)?;
        let payload = decode(parts.payload, &mut buffer)?;
        let claims: AssertionClaims<'_> =
            serde_json::from_slice(payload).map_err(|error| Rejection::TokenClaims(json_error(&error)))?;
        let name = subject(&claims, client_id)?;
        self.check_audience(claims.aud.as_ref())?;
        let end = self.check_times(&claims, now)?;
        let id = claims.jti.as_deref().ok_or_else(|| missing("jti"))?;
        if !(1..=MAX_ID).contains(&id.chars().count()) {
            return Err(Rejection::TokenClaims("jti has not 1 to 256 characters".into()));
        }

        let mut buffer = Scratch::new();
        let signature = decode(parts.signature, &mut buffer)?;
        let client = registry.client(name);
        // Nothing above depended on who is registered. From here on a client without this kind of key is treated as one
        // that does not exist, and either as one with a wrong signature.
        let own = client.and_then(|client| client.key()).filter(|key| is_for(key, algorithm));
        let key = own.unwrap_or(algorithm);
        let verified = key.verify(key.key_type().algorithm(), parts.signed.as_bytes(), signature);
        let (Some(client), Some(_), Ok(())) = (client, own, verified) else { return Err(Rejection::TokenSignature) };
        if client.newest(now).is_none() {
            return Err(Rejection::CertificateUntrusted("the client has no certificate that is valid".into()));
        }
        // Who proved to be the client shall try again, with a new assertion: this is no refusal of the client.
        // `iat` has whole seconds, so the second of the start still counts.
        let made = claims.iat.as_ref().map_or(now, |issued| issued.0).min(now);
        if made.as_second() < self.started.as_second() {
            return Err(Rejection::SignatureExpired { at: now, expired: self.started });
        }
        // One second more than needed, as the end may have had a fraction.
        self.used.record(client.id(), id, end.as_second().saturating_add(1), now)?;
        Ok(Arc::clone(client))
    }

    fn check_audience(&self, audience: Option<&Audience<'_>>) -> Result<(), Rejection> {
        let audience = audience.ok_or_else(|| missing("aud"))?;
        if self.audiences.iter().any(|own| audience.contains(own)) {
            return Ok(());
        }
        let got = audience.to_string().chars().take(200).collect();
        Err(Rejection::TokenAudience { got, wanted: self.audiences.join(" or ") })
    }

    /// Returns the end of the time in which the assertion may be used.
    fn check_times(&self, claims: &AssertionClaims<'_>, now: Timestamp) -> Result<Timestamp, Rejection> {
        let expires = claims.exp.as_ref().ok_or_else(|| missing("exp"))?.0;
        if now >= expires {
            return Err(Rejection::TokenExpired { at: now, expired: expires });
        }
        if expires.duration_since(now) > MAX_ASSERTION_LIFE + SKEW {
            return Err(Rejection::TokenClaims("exp is more than 300 s ahead".into()));
        }
        for from in [&claims.iat, &claims.nbf].into_iter().flatten() {
            if from.0.duration_since(now) > SKEW {
                return Err(Rejection::TokenNotYetValid { at: now, from: from.0 });
            }
        }
        Ok(expires)
    }
}

/// The stranger with the algorithm that the header names.
fn algorithm<'k>(header: &[u8], strangers: &'k [PublicKey]) -> Result<&'k PublicKey, Rejection> {
    let header: HeaderIn<'_> =
        serde_json::from_slice(header).map_err(|error| Rejection::TokenMalformed(json_error(&error)))?;
    if header.crit {
        return Err(Rejection::TokenType("crit names an extension that is not understood".into()));
    }
    let accepted = ["JWT", "client-authentication+jwt", "application/client-authentication+jwt"];
    if header.typ.is_some_and(|typ| !accepted.iter().any(|known| typ.eq_ignore_ascii_case(known))) {
        return Err(Rejection::TokenType("typ is neither JWT nor client-authentication+jwt".into()));
    }
    let name = header.alg.ok_or(Rejection::TokenMalformed("its header has no alg".into()))?;
    let named = strangers.iter().find(|key| *key.key_type().algorithm().jose_name() == *name);
    named.ok_or_else(|| Rejection::AlgorithmForbidden(name.chars().take(32).collect()))
}

fn is_for(key: &PublicKey, algorithm: &PublicKey) -> bool {
    key.key_type().algorithm() == algorithm.key_type().algorithm()
}

/// Issuer and subject, which are both the client (RFC 7523 section 3).
fn subject<'c>(claims: &'c AssertionClaims<'_>, client_id: Option<&str>) -> Result<&'c str, Rejection> {
    let issuer = claims.iss.as_deref().ok_or_else(|| missing("iss"))?;
    let subject = claims.sub.as_deref().ok_or_else(|| missing("sub"))?;
    if issuer != subject || client_id.is_some_and(|given| given != subject) {
        return Err(Rejection::TokenClaims("iss, sub and client_id are not the same".into()));
    }
    Ok(subject)
}

/// The public key of RFC 7638 section 3.1, as a SubjectPublicKeyInfo.
const RSA_OF_NOBODY: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cb\
    bfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc/BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ/2W+5JsGY4Hc5n9yBXArwl93lqt7/RN\
    5w6Cf0h4QyQ5v+65YGjQR0/FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNL\
    yrdkt+bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ+G/xBniIqbw0Ls1jF44+csFCur+kEgU8awapJzKnqDKgwIDAQAB";

#[cfg(test)]
mod tests;
