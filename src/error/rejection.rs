//! Refusals: the stable [`Reason`]s, and the [`Rejection`] that carries the facts behind one.

use crate::scope::Scope;
use jiff::Timestamp;
use std::{borrow::Cow, fmt};

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The stable, machine-readable reason of a refusal: the same word in the library, in JSON and over HTTP.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// Every reason there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The snake_case word, e.g. `signature_invalid`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Its place in [`Reason::ALL`], for tables with a field per reason.
            #[expect(clippy::as_conversions, reason = "the number of a variant has no other name")]
            pub(crate) const fn index(self) -> usize {
                self as usize
            }
        }
    };
}

reasons! {
    /// No credential of the kind that the route wants.
    CredentialMissing = "credential_missing",
    /// The certificate (or chain) cannot be decoded, or was sent twice.
    CredentialMalformed = "credential_malformed",
    /// A credential is larger than any that is legitimate.
    CredentialTooLarge = "credential_too_large",
    /// No valid path to a trusted CA.
    CertificateUntrusted = "certificate_untrusted",
    /// Past notAfter.
    CertificateExpired = "certificate_expired",
    /// Before notBefore.
    CertificateNotYetValid = "certificate_not_yet_valid",
    /// On the CA's revocation list.
    CertificateRevoked = "certificate_revoked",
    /// Not a client certificate.
    CertificatePurpose = "certificate_purpose",
    /// The certificate carries no scopes extension.
    ScopesMissing = "scopes_missing",
    /// The scopes extension breaks its grammar.
    ScopesMalformed = "scopes_malformed",
    /// No current revocation list to ask.
    RevocationUnknown = "revocation_unknown",
    /// No request signature with our tag.
    SignatureMissing = "signature_missing",
    /// Signature headers that cannot be parsed or that contradict each other.
    SignatureMalformed = "signature_malformed",
    /// A component that must be signed is not.
    SignatureCoverage = "signature_coverage",
    /// Past `expires`, or `created` too long ago.
    SignatureExpired = "signature_expired",
    /// `created` lies in the future.
    SignatureNotYetValid = "signature_not_yet_valid",
    /// `expires - created` is longer than allowed.
    SignatureWindow = "signature_window",
    /// The signature does not belong to this request and key.
    SignatureInvalid = "signature_invalid",
    /// `alg` (of a signature or a token) names another algorithm than the key dictates.
    AlgorithmForbidden = "algorithm_forbidden",
    /// Signed for another service.
    AuthorityMismatch = "authority_mismatch",
    /// A body without `Content-Digest`.
    DigestMissing = "digest_missing",
    /// `Content-Digest` does not belong to the body.
    DigestMismatch = "digest_mismatch",
    /// This nonce was used before.
    NonceReused = "nonce_reused",
    /// The replay memory has no room.
    ReplayMemoryFull = "replay_memory_full",
    /// Not a JWT.
    TokenMalformed = "token_malformed",
    /// `typ` or `crit` of the token's header is not acceptable.
    TokenType = "token_type",
    /// The token's signature does not hold.
    TokenSignature = "token_signature",
    /// Past `exp`.
    TokenExpired = "token_expired",
    /// Before `nbf`, or `iat` in the future.
    TokenNotYetValid = "token_not_yet_valid",
    /// Another issuer.
    TokenIssuer = "token_issuer",
    /// Made for another audience.
    TokenAudience = "token_audience",
    /// A required claim is missing or of the wrong type.
    TokenClaims = "token_claims",
    /// The authorization server says that the token is not in force.
    TokenInactive = "token_inactive",
    /// The authorization server cannot be asked about the token.
    IntrospectionUnavailable = "introspection_unavailable",
    /// A valid credential without a scope that the route requires.
    InsufficientScope = "insufficient_scope",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A refusal: its stable [`Reason`] and the facts that led to it.
///
/// The [`Display`](fmt::Display) text is for the person who owns the credential or the server; over HTTP only
/// [`Rejection::reason`] is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// No credential of the kind that the route wants.
    #[error("no {0} was sent")]
    CredentialMissing(&'static str),
    /// What was sent cannot be decoded.
    #[error("the credential cannot be read: {0}")]
    CredentialMalformed(Cow<'static, str>),
    /// Larger than any legitimate credential.
    #[error("the {what} is larger than {limit} bytes")]
    CredentialTooLarge {
        /// Which part is too large.
        what: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// No valid path to a trusted CA.
    #[error("no valid certificate path to a trusted CA: {0}")]
    CertificateUntrusted(Cow<'static, str>),
    /// Past notAfter.
    #[error("the certificate expired at {not_after} (checked for {at})")]
    CertificateExpired {
        /// The time that was checked.
        at: Timestamp,
        /// The end of its life.
        not_after: Timestamp,
    },
    /// Before notBefore.
    #[error("the certificate is valid from {not_before} on (checked for {at})")]
    CertificateNotYetValid {
        /// The time that was checked.
        at: Timestamp,
        /// The start of its life.
        not_before: Timestamp,
    },
    /// On the revocation list.
    #[error("the certificate was revoked by its issuer{}", serial_suffix(serial))]
    CertificateRevoked {
        /// Its serial number in lower-case hex, empty if not known.
        serial: String,
    },
    /// Not usable as a client certificate.
    #[error("the certificate is not for client authentication: {0}")]
    CertificatePurpose(Cow<'static, str>),
    /// No scopes extension.
    #[error("the certificate carries no scopes extension")]
    ScopesMissing,
    /// The scopes extension breaks its grammar.
    #[error("the scopes extension is malformed: {0}")]
    ScopesMalformed(Cow<'static, str>),
    /// Revocation cannot be decided.
    #[error("revocation cannot be checked: {0}")]
    RevocationUnknown(Cow<'static, str>),
    /// No signature with our tag.
    #[error("the request has no signature with tag=\"certauthz\"")]
    SignatureMissing,
    /// Signature headers that cannot be used.
    #[error("the signature headers are malformed: {0}")]
    SignatureMalformed(Cow<'static, str>),
    /// A component that must be covered is not, or one that cannot be computed is.
    #[error("the signature's coverage is not acceptable: {0}")]
    SignatureCoverage(Cow<'static, str>),
    /// Too old.
    #[error("the signature expired at {expired} (checked for {at})")]
    SignatureExpired {
        /// The time that was checked.
        at: Timestamp,
        /// When its validity ended.
        expired: Timestamp,
    },
    /// From the future.
    #[error("the signature was created at {created}, in the future of {at}")]
    SignatureNotYetValid {
        /// The time that was checked.
        at: Timestamp,
        /// Its `created` parameter.
        created: Timestamp,
    },
    /// Valid for longer than allowed, or a time span that makes no sense.
    #[error("the signature's window of {seconds} s is not within 0 to {limit} s")]
    SignatureWindow {
        /// `expires - created`.
        seconds: i64,
        /// The longest window allowed.
        limit: i64,
    },
    /// The bytes do not verify.
    #[error("the signature does not belong to this request and this certificate's key")]
    SignatureInvalid,
    /// `alg` is not the key's.
    #[error("algorithm {0:?} is not allowed for this key")]
    AlgorithmForbidden(String),
    /// Signed for another service.
    #[error("the request is for authority {got:?}, which is none of this service's own")]
    AuthorityMismatch {
        /// The authority of the request.
        got: String,
    },
    /// A body without digest.
    #[error("the request has a body but no Content-Digest with sha-256")]
    DigestMissing,
    /// The digest does not belong to the body.
    #[error("Content-Digest does not belong to the body")]
    DigestMismatch,
    /// Seen before.
    #[error("the nonce was used before")]
    NonceReused,
    /// No room to remember the nonce.
    #[error("the replay memory is full")]
    ReplayMemoryFull,
    /// Not a JWT.
    #[error("the token cannot be read: {0}")]
    TokenMalformed(Cow<'static, str>),
    /// The header is not acceptable.
    #[error("the token's header is not acceptable: {0}")]
    TokenType(Cow<'static, str>),
    /// The signature does not hold.
    #[error("the token's signature does not verify with this CA's key")]
    TokenSignature,
    /// Past `exp`.
    #[error("the token expired at {expired} (checked for {at})")]
    TokenExpired {
        /// The time that was checked.
        at: Timestamp,
        /// Its `exp`.
        expired: Timestamp,
    },
    /// Before `nbf` or `iat`.
    #[error("the token is valid from {from} on (checked for {at})")]
    TokenNotYetValid {
        /// The time that was checked.
        at: Timestamp,
        /// Its `nbf` or `iat`.
        from: Timestamp,
    },
    /// Another issuer.
    #[error("the token's issuer is {got:?}, wanted {wanted:?}")]
    TokenIssuer {
        /// Its `iss`.
        got: String,
        /// The issuer that is trusted.
        wanted: String,
    },
    /// Another audience.
    #[error("the token's audience is {got:?}, wanted {wanted:?}")]
    TokenAudience {
        /// Its `aud`.
        got: String,
        /// The audience that is checked for.
        wanted: String,
    },
    /// A claim is missing or of the wrong type.
    #[error("the token's claims are not acceptable: {0}")]
    TokenClaims(Cow<'static, str>),
    /// Introspection says no more than this (RFC 7662 section 2.2).
    #[error("the authorization server says that the token is not in force")]
    TokenInactive,
    /// Introspection has no answer.
    #[error("the authorization server cannot be asked about the token: {0}")]
    IntrospectionUnavailable(Cow<'static, str>),
    /// The scope is missing.
    #[error("the credential is valid, but lacks the scope {missing:?}", missing = missing.as_str())]
    InsufficientScope {
        /// The first required scope that it lacks.
        missing: Scope,
    },
}

fn serial_suffix(serial: &str) -> String {
    if serial.is_empty() { String::new() } else { format!(" (serial {serial})") }
}

impl Rejection {
    /// The stable reason.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::CredentialMissing(_) => Reason::CredentialMissing,
            Self::CredentialMalformed(_) => Reason::CredentialMalformed,
            Self::CredentialTooLarge { .. } => Reason::CredentialTooLarge,
            Self::CertificateUntrusted(_) => Reason::CertificateUntrusted,
            Self::CertificateExpired { .. } => Reason::CertificateExpired,
            Self::CertificateNotYetValid { .. } => Reason::CertificateNotYetValid,
            Self::CertificateRevoked { .. } => Reason::CertificateRevoked,
            Self::CertificatePurpose(_) => Reason::CertificatePurpose,
            Self::ScopesMissing => Reason::ScopesMissing,
            Self::ScopesMalformed(_) => Reason::ScopesMalformed,
            Self::RevocationUnknown(_) => Reason::RevocationUnknown,
            Self::SignatureMissing => Reason::SignatureMissing,
            Self::SignatureMalformed(_) => Reason::SignatureMalformed,
            Self::SignatureCoverage(_) => Reason::SignatureCoverage,
            Self::SignatureExpired { .. } => Reason::SignatureExpired,
            Self::SignatureNotYetValid { .. } => Reason::SignatureNotYetValid,
            Self::SignatureWindow { .. } => Reason::SignatureWindow,
            Self::SignatureInvalid => Reason::SignatureInvalid,
            Self::AlgorithmForbidden(_) => Reason::AlgorithmForbidden,
            Self::AuthorityMismatch { .. } => Reason::AuthorityMismatch,
            Self::DigestMissing => Reason::DigestMissing,
            Self::DigestMismatch => Reason::DigestMismatch,
            Self::NonceReused => Reason::NonceReused,
            Self::ReplayMemoryFull => Reason::ReplayMemoryFull,
            Self::TokenMalformed(_) => Reason::TokenMalformed,
            Self::TokenType(_) => Reason::TokenType,
            Self::TokenSignature => Reason::TokenSignature,
            Self::TokenExpired { .. } => Reason::TokenExpired,
            Self::TokenNotYetValid { .. } => Reason::TokenNotYetValid,
            Self::TokenIssuer { .. } => Reason::TokenIssuer,
            Self::TokenAudience { .. } => Reason::TokenAudience,
            Self::TokenClaims(_) => Reason::TokenClaims,
            Self::TokenInactive => Reason::TokenInactive,
            Self::IntrospectionUnavailable(_) => Reason::IntrospectionUnavailable,
            Self::InsufficientScope { .. } => Reason::InsufficientScope,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_knows_its_place() {
        assert!(Reason::ALL.iter().enumerate().all(|(place, reason)| reason.index() == place));
    }

    #[test]
    fn reasons_are_the_contract() {
        let words: Vec<_> = Reason::ALL.iter().map(|r| r.as_str()).collect();
        let wanted = "credential_missing credential_malformed credential_too_large certificate_untrusted certificate_expired \
            certificate_not_yet_valid certificate_revoked certificate_purpose scopes_missing scopes_malformed revocation_unknown \
            signature_missing signature_malformed signature_coverage signature_expired signature_not_yet_valid signature_window \
            signature_invalid algorithm_forbidden authority_mismatch digest_missing digest_mismatch nonce_reused \
            replay_memory_full token_malformed token_type token_signature token_expired token_not_yet_valid token_issuer \
            token_audience token_claims token_inactive introspection_unavailable insufficient_scope";
        assert_eq!(words, wanted.split_whitespace().collect::<Vec<_>>());
    }
}
