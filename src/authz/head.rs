//! The part of a signed request that can be judged before its body: headers in, a [`CheckedHead`] or a refusal out.

use super::{Authorities, Observer, certificate::Policy};
use crate::{
    error::Rejection,
    signature::{
        CLIENT_CERT, CLIENT_CERT_CHAIN, MAX_CHAIN, RequestParts, SignatureInput, TAG, base::BaseError, params,
        signature_base,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use std::{borrow::Cow, sync::Arc};

/// The steps of a request's verification in their order: cheapest refusal first.
pub const REQUEST_STEPS: &[&str] = &[
    "sizes",
    "parse",
    "coverage",
    "authority",
    "window",
    "certificate",
    "revocation",
    "digest",
    "signature",
    "nonce",
    "scopes",
];

/// The largest certificate and the largest chain that are looked at, in bytes of their header values (base64).
/// 256 scopes of 256 bytes would not fit, but neither would they fit into the header block of most servers.
pub(super) const MAX_CERTIFICATE_HEADER: usize = 44 * 1024;
/// The largest `Signature-Input` and `Signature`, in bytes. An RSA-8192 signature has 1,400; proxies may add their own.
const MAX_SIGNATURE_HEADER: usize = 8 * 1024;
/// The longest time for which a request may be signed.
pub(super) const MAX_WINDOW: SignedDuration = SignedDuration::from_secs(300);

/// The headers of a signed request, decoded and checked as far as that is possible without keys.
pub(super) struct Head {
    /// The certificate's DER.
    pub(super) leaf: Vec<u8>,
    /// The intermediates' DER, the leaf's issuer first.
    pub(super) chain: Vec<Vec<u8>>,
    /// The signature base that the signature must be over.
    pub(super) base: String,
    /// The signature.
    pub(super) signature: Vec<u8>,
    /// The `alg` parameter.
    pub(super) alg: Option<String>,
    /// The nonce.
    pub(super) nonce: String,
    /// The end of the time in which this request may be accepted.
    pub(super) end: Timestamp,
    /// Whether the signature covers `Content-Digest`.
    pub(super) digest_covered: bool,
}

/// A request whose head was accepted so far: what is left is its body's digest, the signature, the nonce and the scopes.
pub struct CheckedHead {
    pub(super) head: Head,
    pub(super) client: Arc<super::VerifiedClient>,
    pub(super) revocation: crate::crl::Staleness,
    pub(super) digest: Option<Vec<u8>>,
}

impl Head {
    /// Reads and checks everything up to the time window.
    pub(super) fn check(
        request: &RequestParts<'_>,
        has_body: bool,
        policy: &Policy,
        now: Timestamp,
        observer: &mut impl Observer,
    ) -> Result<Self, Rejection> {
        let headers = request.headers;
        let certificate = certificate_header(headers)?;
        let field = signature_field(headers, "signature-input")?;
        let signature_field = signature_field(headers, "signature")?;
        observer.passed("sizes", &|| format!("certificate {} bytes of base64", certificate.len()));

        let leaf = STANDARD
            .decode(certificate)
            .map_err(|_| Rejection::CredentialMalformed("X-Client-Cert is not base64 (RFC 4648 section 4)".into()))?;
        let chain = decode_chain(headers)?;
        let member = select(&field)?;
        let signature = params::parse_signature(&signature_field, &member.label).map_err(malformed)?;
        observer.passed("parse", &|| format!("label {}, covers {} components", member.label, member.components.len()));

        check_coverage(&member, headers, has_body, !chain.is_empty())?;
        let mut base = String::with_capacity(certificate.len() + 1024);
        signature_base(request, &member.components, &member.serialized, &mut base).map_err(coverage)?;
        observer.passed("coverage", &|| member.serialized.clone());

        check_authority(&policy.authorities, request)?;
        observer.passed("authority", &|| request.authority.to_owned());

        let (nonce, end) = check_window(&member, policy, now)?;
        observer.passed("window", &|| format!("acceptable until {end}"));
        Ok(Self {
            leaf,
            chain,
            base,
            signature,
            alg: member.parameters.alg.as_deref().map(str::to_owned),
            nonce,
            end,
            digest_covered: member.covers("content-digest"),
        })
    }
}

fn malformed(error: params::FieldError) -> Rejection {
    Rejection::SignatureMalformed(error.0.into())
}

fn coverage(error: BaseError) -> Rejection {
    Rejection::SignatureCoverage(error.to_string().into())
}

/// The one `X-Client-Cert`.
fn certificate_header(headers: &HeaderMap) -> Result<&[u8], Rejection> {
    let mut lines = headers.get_all(CLIENT_CERT).iter();
    let line = lines.next().ok_or(Rejection::CredentialMissing("client certificate (X-Client-Cert)"))?;
    if lines.next().is_some() {
        return Err(Rejection::CredentialMalformed("the request has two X-Client-Cert headers".into()));
    }
    if line.len() > MAX_CERTIFICATE_HEADER {
        return Err(Rejection::CredentialTooLarge { what: "client certificate", limit: MAX_CERTIFICATE_HEADER });
    }
    Ok(line.as_bytes())
}

/// All lines of a signature header, joined as RFC 9110 section 5.3 does.
fn signature_field<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Cow<'a, [u8]>, Rejection> {
    let mut lines = headers.get_all(name).iter();
    let first = lines.next().ok_or(Rejection::SignatureMissing)?;
    let mut field = Cow::Borrowed(first.as_bytes());
    for line in lines {
        let joined = field.to_mut();
        joined.extend_from_slice(b", ");
        joined.extend_from_slice(line.as_bytes());
    }
    if field.len() > MAX_SIGNATURE_HEADER {
        return Err(Rejection::CredentialTooLarge { what: name, limit: MAX_SIGNATURE_HEADER });
    }
    Ok(field)
}

fn decode_chain(headers: &HeaderMap) -> Result<Vec<Vec<u8>>, Rejection> {
    let mut lines = headers.get_all(CLIENT_CERT_CHAIN).iter();
    let Some(line) = lines.next() else { return Ok(Vec::new()) };
    if lines.next().is_some() {
        return Err(Rejection::CredentialMalformed("the request has two X-Client-Cert-Chain headers".into()));
    }
    if line.len() > MAX_CERTIFICATE_HEADER {
        return Err(Rejection::CredentialTooLarge { what: "certificate chain", limit: MAX_CERTIFICATE_HEADER });
    }
    let parts = line.as_bytes().split(|&b| b == b',');
    if parts.clone().count() > MAX_CHAIN {
        return Err(Rejection::CredentialMalformed("X-Client-Cert-Chain has more than 4 certificates".into()));
    }
    parts
        .map(|part| STANDARD.decode(part.trim_ascii()))
        .collect::<Result<_, _>>()
        .map_err(|_| Rejection::CredentialMalformed("X-Client-Cert-Chain is not a list of base64 values".into()))
}

/// The one signature that is meant for us.
fn select(field: &[u8]) -> Result<SignatureInput<'_>, Rejection> {
    let members = params::parse_signature_input(field).map_err(malformed)?;
    let mut ours = members.into_iter().filter(|m| m.parameters.tag.as_deref() == Some(TAG));
    match (ours.next(), ours.next()) {
        (Some(member), None) => Ok(member),
        (None, _) => Err(Rejection::SignatureMissing),
        // Which one counts would be a guess, and two verifiers could guess differently.
        (Some(_), Some(_)) => Err(Rejection::SignatureMalformed("two signatures have the tag certauthz".into())),
    }
}

fn check_coverage(
    member: &SignatureInput<'_>,
    headers: &HeaderMap,
    has_body: bool,
    has_chain: bool,
) -> Result<(), Rejection> {
    if has_body && !headers.contains_key("content-digest") {
        return Err(Rejection::DigestMissing);
    }
    let always = ["@method", "@authority", "@path", "@query", CLIENT_CERT];
    let missing = always
        .into_iter()
        .chain(has_body.then_some("content-digest"))
        .chain(has_chain.then_some(CLIENT_CERT_CHAIN))
        .find(|name| !member.covers(name));
    match missing {
        None => Ok(()),
        Some(name) => Err(Rejection::SignatureCoverage(format!("{name:?} is not covered").into())),
    }
}

fn check_authority(own: &Authorities, request: &RequestParts<'_>) -> Result<(), Rejection> {
    own.check(request.scheme, request.authority)
}

/// Checks `created`, `expires` and `nonce`; returns the nonce and the end of the time in which the request is acceptable.
fn check_window(
    member: &SignatureInput<'_>,
    policy: &Policy,
    now: Timestamp,
) -> Result<(String, Timestamp), Rejection> {
    let absent = |what: &str| Rejection::SignatureMalformed(format!("the parameter {what} is missing").into());
    let time = |seconds: i64| {
        let valid = Timestamp::from_second(seconds).ok().filter(|_| seconds >= 0);
        valid.ok_or(Rejection::SignatureMalformed("a time that is out of range".into()))
    };
    let created = time(member.parameters.created.ok_or_else(|| absent("created"))?)?;
    let expires = time(member.parameters.expires.ok_or_else(|| absent("expires"))?)?;
    let nonce = member.parameters.nonce.as_deref().ok_or_else(|| absent("nonce"))?;
    if !(16..=64).contains(&nonce.len()) {
        return Err(Rejection::SignatureMalformed("the nonce has not 16 to 64 characters".into()));
    }
    let window = expires.duration_since(created);
    if window <= SignedDuration::ZERO || window > MAX_WINDOW {
        return Err(Rejection::SignatureWindow { seconds: window.as_secs(), limit: MAX_WINDOW.as_secs() });
    }
    if created.duration_since(now) > policy.skew {
        return Err(Rejection::SignatureNotYetValid { at: now, created });
    }
    let oldest = created.saturating_add(policy.max_age).unwrap_or(expires);
    let end = expires.min(oldest);
    check_end(end, now)?;
    // The replay memory began with the process. `created` has whole seconds, so the second of the start still counts.
    if let Some(started) = policy.started.filter(|s| created.as_second() < s.as_second()) {
        return Err(Rejection::SignatureExpired { at: now, expired: started });
    }
    Ok((nonce.to_owned(), end))
}

/// Asked twice: a body may take longer to arrive than the request may live.
pub(super) fn check_end(end: Timestamp, now: Timestamp) -> Result<(), Rejection> {
    if now > end { Err(Rejection::SignatureExpired { at: now, expired: end }) } else { Ok(()) }
}
