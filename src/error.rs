//! What can go wrong: [`Error`] for the person at the keyboard, [`Rejection`] for the peer at the other end.
//!
//! An [`Error`] says which value was wrong and why, and [`Error::hint`] names the next step. A [`Rejection`] is not a
//! failure of the program: it is the answer "no", with one of the stable [`Reason`]s that every interface repeats.

use crate::scope::Scope;
use jiff::Timestamp;
use std::{borrow::Cow, fmt, io, path::PathBuf};

/// The result of a fallible library call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation could not be done. The [`Display`](fmt::Display) text names the value that was wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument is outside of what is allowed; nothing was touched.
    #[error("{what} {value:?}: {why}")]
    InvalidValue {
        /// What the value was given for, e.g. `scope`.
        what: &'static str,
        /// The value as it was given (shortened if very long).
        value: String,
        /// Why it cannot be used.
        why: Cow<'static, str>,
        /// What would be accepted.
        hint: Cow<'static, str>,
    },
    /// A value is well-formed, but the state of the credentials does not allow it.
    #[error("{what} {value:?}: {why}")]
    NotAllowed {
        /// What the value was given for.
        what: &'static str,
        /// The value.
        value: String,
        /// Why it is refused.
        why: Cow<'static, str>,
        /// What to do instead.
        hint: Cow<'static, str>,
    },
    /// Something that was named does not exist.
    #[error("there is no {what} {name:?} in {place}")]
    NotFound {
        /// The kind of thing, e.g. `CA`.
        what: &'static str,
        /// Its name.
        name: String,
        /// Where it was looked for.
        place: String,
        /// How to make it, or to list what there is.
        hint: Cow<'static, str>,
    },
    /// A file is in the way, and overwriting was not asked for.
    #[error("{} already exists", path.display())]
    AlreadyExists {
        /// The file or directory.
        path: PathBuf,
    },
    /// The operating system refused a file operation.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, e.g. `read`.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file was read, but its content is not what it should be.
    #[error("{}: {why}", path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: Cow<'static, str>,
        /// The next step.
        hint: Cow<'static, str>,
    },
    /// A key could not be read, made or used.
    #[error("key: {0}")]
    Key(#[from] crate::key::KeyError),
    /// The CA's database failed.
    #[error("database {}: {source}", path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A certificate, CSR or CRL could not be made.
    #[error("cannot issue {what}: {why}")]
    Issue {
        /// What was to be issued.
        what: &'static str,
        /// Why not.
        why: String,
    },
    /// An HTTP exchange did not take place.
    #[error("{url}: {why}")]
    Network {
        /// The URL that was asked for.
        url: String,
        /// What happened.
        why: String,
        /// The next step.
        hint: Cow<'static, str>,
    },
    /// The operating system refused something other than a file.
    #[error("cannot {action}: {source}")]
    System {
        /// What was tried, e.g. `start a thread`.
        action: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// A credential was checked and refused.
    #[error("refused: {0}")]
    Rejected(#[from] Rejection),
}

impl Error {
    /// The next step for the person who sees this error.
    pub fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::InvalidValue { hint, .. }
            | Self::NotAllowed { hint, .. }
            | Self::NotFound { hint, .. }
            | Self::BadFile { hint, .. }
            | Self::Network { hint, .. } => (!hint.is_empty()).then(|| Cow::Borrowed(hint.as_ref())),
            Self::AlreadyExists { .. } => Some("pass --force to replace it, or choose another --name or --path".into()),
            Self::Io { source, path, .. } => match source.kind() {
                io::ErrorKind::NotFound => {
                    Some("check the path; --path (or CERTAUTHZ_PATH) names the credentials directory".into())
                }
                io::ErrorKind::PermissionDenied => {
                    Some(format!("check the owner and mode of {}", path.display()).into())
                }
                io::ErrorKind::StorageFull | io::ErrorKind::FileTooLarge | io::ErrorKind::QuotaExceeded => {
                    Some("free some space and repeat the command: nothing was half-written".into())
                }
                _ => None,
            },
            Self::Key(error) => error.hint().map(Cow::Borrowed),
            Self::Database { source, .. } => Some(match source.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DatabaseBusy) => "another process holds the database: try again".into(),
                Some(rusqlite::ErrorCode::DiskFull) => {
                    "free some space and repeat the command: the transaction was rolled back".into()
                }
                Some(rusqlite::ErrorCode::SystemIoFailure) => {
                    "is the disk full, or the file not writable? Then repeat the command: nothing was half-written"
                        .into()
                }
                _ => "check the file, or restore ca.db from a backup: without it the CA would reuse serial numbers"
                    .into(),
            }),
            Self::Issue { .. } | Self::System { .. } | Self::Rejected(_) => None,
        }
    }

    /// Whether the caller's arguments alone are at fault (exit code 2 on the command line).
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::InvalidValue { .. })
    }

    /// A value that is not acceptable by its form.
    pub(crate) fn invalid(
        what: &'static str,
        value: impl fmt::Display,
        why: impl Into<Cow<'static, str>>,
        hint: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::InvalidValue { what, value: shortened(value), why: why.into(), hint: hint.into() }
    }

    /// A value that the present state does not allow.
    pub(crate) fn not_allowed(
        what: &'static str,
        value: impl fmt::Display,
        why: impl Into<Cow<'static, str>>,
        hint: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::NotAllowed { what, value: shortened(value), why: why.into(), hint: hint.into() }
    }

    /// A failed file operation, with its path.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.into(), source }
    }

    /// A file whose content is wrong.
    pub(crate) fn bad_file(
        path: impl Into<PathBuf>,
        why: impl Into<Cow<'static, str>>,
        hint: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::BadFile { path: path.into(), why: why.into(), hint: hint.into() }
    }
}

/// A message repeats a value so that its owner recognizes it; a megabyte of it would hide the rest.
fn shortened(value: impl fmt::Display) -> String {
    const LIMIT: usize = 120;
    let text = value.to_string();
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

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
            Self::InsufficientScope { .. } => Reason::InsufficientScope,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_the_contract() {
        let words: Vec<_> = Reason::ALL.iter().map(|r| r.as_str()).collect();
        let wanted = "credential_missing credential_malformed credential_too_large certificate_untrusted certificate_expired \
            certificate_not_yet_valid certificate_revoked certificate_purpose scopes_missing scopes_malformed revocation_unknown \
            signature_missing signature_malformed signature_coverage signature_expired signature_not_yet_valid signature_window \
            signature_invalid algorithm_forbidden authority_mismatch digest_missing digest_mismatch nonce_reused \
            replay_memory_full token_malformed token_type token_signature token_expired token_not_yet_valid token_issuer \
            token_audience token_claims insufficient_scope";
        assert_eq!(words, wanted.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn a_long_value_is_shortened_in_the_message() {
        let error = Error::invalid("scope", "é".repeat(5000), "too long", "");
        assert!(error.to_string().chars().count() < 200, "{error}");
        assert_eq!(error.hint(), None);
    }
}
