//! The part of a signed request that can be judged before its body: headers in, a [`CheckedHead`] or a refusal out.

use super::{Observer, Policy, VerifiedClient, cache::ClientCache};
use crate::{
    crl::Staleness,
    error::Rejection,
    key::Algorithm,
    scratch::Scratch,
    signature::{
        CLIENT_CERT, CLIENT_CERT_CHAIN, MAX_CHAIN, RequestParts, SignatureInput, TAG, base::BaseError, params,
        signature_base,
    },
};
use base64_simd::STANDARD;
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

/// The headers of a signed request, checked as far as that is possible without keys.
pub(super) struct Head<'r> {
    /// Who sends it.
    pub(super) certificate: SentCertificate<'r>,
    /// The signature and the base that it must be over.
    pub(super) signed: Signed,
    /// The algorithm of the `alg` parameter, or a name there that is none.
    pub(super) alg: Option<Result<Algorithm, String>>,
    /// The nonce.
    pub(super) nonce: Nonce,
    /// The end of the time in which this request may be accepted.
    pub(super) end: Timestamp,
    /// The `Content-Digest`.
    pub(super) digest: Option<Cow<'r, [u8]>>,
    /// Whether the signature covers it.
    pub(super) digest_covered: bool,
}

/// The certificate of a request.
pub(super) struct SentCertificate<'r> {
    /// The header's value: base64.
    pub(super) text: &'r [u8],
    /// The value of the header with the intermediates, if there is one.
    pub(super) chain_text: Option<&'r [u8]>,
    pub(super) content: Content,
}

/// What is behind the texts.
pub(super) enum Content {
    /// A client that is remembered by these very texts.
    Known(Arc<VerifiedClient>),
    /// The decoded DER: the leaf, and the intermediates with its issuer first.
    New(Vec<u8>, Vec<Vec<u8>>),
}

impl<'r> SentCertificate<'r> {
    /// Decodes it, unless it is known.
    pub(super) fn look_up(
        text: &'r [u8],
        chain_text: Option<&'r [u8]>,
        clients: &ClientCache,
    ) -> Result<Self, Rejection> {
        let content = match clients.get(text, chain_text.unwrap_or_default()) {
            Some(client) => Content::Known(client),
            None => Content::New(decode_leaf(text)?, chain_text.map_or(Ok(Vec::new()), decode_chain)?),
        };
        Ok(Self { text, chain_text, content })
    }
}

/// A signature and what it should be over, in one buffer.
pub(super) struct Signed {
    buffer: Scratch,
    signature_len: usize,
}

impl Signed {
    fn parts(&self) -> (&[u8], &[u8]) {
        self.buffer.split_at_checked(self.signature_len).unwrap_or_default()
    }

    pub(super) fn signature(&self) -> &[u8] {
        self.parts().0
    }

    /// The signature base (RFC 9421 section 2.5).
    pub(super) fn base(&self) -> &[u8] {
        self.parts().1
    }
}

/// A nonce of 16 to 64 bytes of ASCII.
pub(super) struct Nonce {
    bytes: [u8; MAX_NONCE],
    len: usize,
}

/// The longest nonce of the protocol.
const MAX_NONCE: usize = 64;

impl Nonce {
    fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; MAX_NONCE];
        bytes.get_mut(..text.len()).filter(|_| text.len() >= 16)?.copy_from_slice(text.as_bytes());
        Some(Self { bytes, len: text.len() })
    }

    pub(super) fn as_str(&self) -> &str {
        self.bytes.get(..self.len).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

/// A request whose head was accepted so far: what is left is its body's digest, the signature, the nonce and the scopes.
pub struct CheckedHead<'r> {
    pub(super) head: Head<'r>,
    pub(super) client: Arc<VerifiedClient>,
    pub(super) revocation: Staleness,
}

impl CheckedHead<'_> {
    /// Whose certificate it shows. That it is the sender's is not proved yet.
    pub fn client(&self) -> &VerifiedClient {
        &self.client
    }
}

impl<'r> Head<'r> {
    /// Reads and checks everything up to the time window. A certificate that `clients` knows is not decoded.
    pub(super) fn check(
        request: &RequestParts<'r>,
        has_body: bool,
        policy: &Policy,
        clients: &ClientCache,
        now: Timestamp,
        observer: &mut impl Observer,
    ) -> Result<Self, Rejection> {
        let fields = Fields::of(request.headers)?;
        let text = fields.certificate;
        observer.passed("sizes", &|| format!("certificate {} bytes of base64", text.len()));

        let certificate = SentCertificate::look_up(text, fields.chain, clients)?;
        let member = select(&fields.input)?;
        let mut buffer = Scratch::new();
        params::read_signature(&fields.signature, &member.label, &mut buffer).map_err(malformed)?;
        observer.passed("parse", &|| format!("label {}, covers {} components", member.label, member.components.len()));

        check_coverage(&member, fields.digest.is_some(), has_body, fields.chain.is_some())?;
        let signature_len = buffer.len();
        signature_base(request, &member.components, &member.serialized, &mut buffer).map_err(coverage)?;
        observer.passed("coverage", &|| member.serialized.clone().into_owned());

        policy.authorities.check(request.scheme, request.authority)?;
        observer.passed("authority", &|| request.authority.to_owned());

        let (nonce, end) = check_window(&member, policy, now)?;
        observer.passed("window", &|| format!("acceptable until {end}"));
        Ok(Self {
            certificate,
            signed: Signed { buffer, signature_len },
            alg: member
                .parameters
                .alg
                .as_deref()
                .map(|name| Algorithm::from_http_name(name).ok_or_else(|| name.chars().take(64).collect())),
            nonce,
            end,
            digest_covered: member.covers("content-digest"),
            digest: fields.digest,
        })
    }
}

fn malformed(error: params::FieldError) -> Rejection {
    Rejection::SignatureMalformed(error.0.into())
}

fn coverage(error: BaseError) -> Rejection {
    Rejection::SignatureCoverage(error.to_string().into())
}

/// The header fields that a signed request consists of, found in one pass.
struct Fields<'r> {
    certificate: &'r [u8],
    chain: Option<&'r [u8]>,
    input: Cow<'r, [u8]>,
    signature: Cow<'r, [u8]>,
    digest: Option<Cow<'r, [u8]>>,
}

impl<'r> Fields<'r> {
    fn of(headers: &'r HeaderMap) -> Result<Self, Rejection> {
        let (mut certificate, mut chain, mut input, mut signature, mut digest) = Default::default();
        for (name, line) in headers {
            let line = line.as_bytes();
            match name.as_str() {
                CLIENT_CERT => join(&mut certificate, line),
                CLIENT_CERT_CHAIN => join(&mut chain, line),
                "signature-input" => join(&mut input, line),
                "signature" => join(&mut signature, line),
                "content-digest" => join(&mut digest, line),
                _ => {}
            }
        }
        let missing = Rejection::CredentialMissing("client certificate (X-Client-Cert)");
        let certificate = one_line(certificate, "X-Client-Cert", "client certificate")?.ok_or(missing)?;
        let sized = |field: Option<Cow<'r, [u8]>>, what| match field {
            None => Err(Rejection::SignatureMissing),
            Some(field) if field.len() > MAX_SIGNATURE_HEADER => {
                Err(Rejection::CredentialTooLarge { what, limit: MAX_SIGNATURE_HEADER })
            }
            Some(field) => Ok(field),
        };
        let (input, signature) = (sized(input, "signature-input")?, sized(signature, "signature")?);
        let chain = one_line(chain, "X-Client-Cert-Chain", "certificate chain")?;
        Ok(Self { certificate, chain, input, signature, digest })
    }
}

/// All lines of a field become one, as RFC 9110 section 5.3 says.
fn join<'r>(field: &mut Option<Cow<'r, [u8]>>, line: &'r [u8]) {
    match field {
        None => *field = Some(Cow::Borrowed(line)),
        Some(field) => {
            let joined = field.to_mut();
            joined.extend_from_slice(b", ");
            joined.extend_from_slice(line);
        }
    }
}

/// A certificate's header: once, and not larger than any that is legitimate.
fn one_line<'r>(
    field: Option<Cow<'r, [u8]>>,
    header: &'static str,
    what: &'static str,
) -> Result<Option<&'r [u8]>, Rejection> {
    match field {
        None => Ok(None),
        Some(Cow::Borrowed(line)) if line.len() <= MAX_CERTIFICATE_HEADER => Ok(Some(line)),
        Some(Cow::Borrowed(_)) => Err(Rejection::CredentialTooLarge { what, limit: MAX_CERTIFICATE_HEADER }),
        Some(Cow::Owned(_)) => {
            Err(Rejection::CredentialMalformed(format!("the request has two {header} headers").into()))
        }
    }
}

fn decode_leaf(text: &[u8]) -> Result<Vec<u8>, Rejection> {
    let malformed = |_| Rejection::CredentialMalformed("X-Client-Cert is not base64 (RFC 4648 section 4)".into());
    STANDARD.decode_to_vec(text).map_err(malformed)
}

pub(super) fn decode_chain(text: &[u8]) -> Result<Vec<Vec<u8>>, Rejection> {
    let parts = text.split(|&b| b == b',');
    if parts.clone().count() > MAX_CHAIN {
        return Err(Rejection::CredentialMalformed("X-Client-Cert-Chain has more than 4 certificates".into()));
    }
    parts
        .map(|part| STANDARD.decode_to_vec(part.trim_ascii()))
        .collect::<Result<_, _>>()
        .map_err(|_| Rejection::CredentialMalformed("X-Client-Cert-Chain is not a list of base64 values".into()))
}

/// The one signature that is meant for us.
fn select(field: &[u8]) -> Result<SignatureInput<'_>, Rejection> {
    let is_ours = |member: &SignatureInput<'_>| member.parameters.tag.as_deref() == Some(TAG);
    if let Some(member) = params::parse_plain(field).filter(is_ours) {
        return Ok(member);
    }
    let members = params::parse_signature_input(field).map_err(malformed)?;
    let mut ours = members.into_iter().filter(is_ours);
    match (ours.next(), ours.next()) {
        (Some(member), None) => Ok(member),
        (None, _) => Err(Rejection::SignatureMissing),
        // Which one counts would be a guess, and two verifiers could guess differently.
        (Some(_), Some(_)) => Err(Rejection::SignatureMalformed("two signatures have the tag certauthz".into())),
    }
}

fn check_coverage(
    member: &SignatureInput<'_>,
    has_digest: bool,
    has_body: bool,
    has_chain: bool,
) -> Result<(), Rejection> {
    if has_body && !has_digest {
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

/// Checks `created`, `expires` and `nonce`; returns the nonce and the end of the time in which the request is acceptable.
fn check_window(member: &SignatureInput<'_>, policy: &Policy, now: Timestamp) -> Result<(Nonce, Timestamp), Rejection> {
    let absent = |what: &str| Rejection::SignatureMalformed(format!("the parameter {what} is missing").into());
    let time = |seconds: i64| {
        let valid = Timestamp::from_second(seconds).ok().filter(|_| seconds >= 0);
        valid.ok_or(Rejection::SignatureMalformed("a time that is out of range".into()))
    };
    let created = time(member.parameters.created.ok_or_else(|| absent("created"))?)?;
    let expires = time(member.parameters.expires.ok_or_else(|| absent("expires"))?)?;
    let nonce = member.parameters.nonce.as_deref().ok_or_else(|| absent("nonce"))?;
    let wrong_length = || Rejection::SignatureMalformed("the nonce has not 16 to 64 characters".into());
    let nonce = Nonce::new(nonce).ok_or_else(wrong_length)?;
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
    Ok((nonce, end))
}

/// Asked twice: a body may take longer to arrive than the request may live.
pub(super) fn check_end(end: Timestamp, now: Timestamp) -> Result<(), Rejection> {
    if now > end { Err(Rejection::SignatureExpired { at: now, expired: end }) } else { Ok(()) }
}
