//! Path validation (RFC 5280 section 6): from a client's certificate over its intermediates to a CA that is trusted.
//!
//! Path building, signatures, dates, basic constraints, name constraints and extended key usage are
//! `rustls-webpki`'s. Over each path that it finds lies a thin layer of ours that may only refuse more, never accept:
//! dates, permissions and limits of the trusted CA itself, keyCertSign and cRLSign, weak keys of the client,
//! revocation lists that are tied to their issuer's key and must be current.
//!
//! One check we took over: which directory names a trusted CA permits (webpki refuses whatever such a CA issues).
//!
//! Not supported, and therefore refused rather than ignored: certificate policies that are marked critical; name
//! constraints on e-mail addresses and URIs where such a name occurs, and on directory names other than those that a
//! trusted CA permits; self-issued certificates where a CA rolls its key over and limits path length or names; delta
//! and indirect revocation lists.

mod anchors;
mod certificate;
mod names;
mod path;
mod refuse;
mod revocation;
mod supply;

pub use anchors::Anchors;
pub use certificate::PathCertificate;
pub use path::Path;

use crate::error::Rejection;
use jiff::Timestamp;
use path::whole_seconds;
use revocation::Lists;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::{borrow::Cow, cell::RefCell, sync::Arc, time::Duration};
use webpki::{
    BorrowedCertRevocationList, CertRevocationList, EndEntityCert, Error, ExpirationPolicy, ExtendedKeyUsageValidator,
    KeyPurposeIdIter, KeyUsage, RevocationOptions, RevocationOptionsBuilder, VerifiedPath,
};
use x509_parser::prelude::X509Certificate;

/// The most intermediates that are looked at. Over HTTP the protocol allows 4; a verifier at the command line may be
/// given the whole stock of a small PKI.
pub const MAX_INTERMEDIATES: usize = 32;

/// The most revocation lists that are looked at: one for each CA that a path could lead over, and as many again.
pub const MAX_REVOCATION_LISTS: usize = 64;

/// The most complete paths that are examined for one certificate. More than a few exist only where CAs have
/// cross-signed each other, or where somebody wants to see us busy.
const MAX_CANDIDATES: usize = 16;

/// What the certificate is to be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// To authenticate a client: extended key usage, where present, must have clientAuth, in the CAs' certificates
    /// too, and the client's key usage, where present, digitalSignature.
    #[default]
    ClientAuth,
    /// Whatever its extended key usage says.
    Any,
}

/// Whether revocation is part of the validation.
#[derive(Debug, Clone, Copy)]
pub enum Revocation<'a> {
    /// It is not. Whoever keeps the [`Path`] asks [`Path::check_revocation`] on every use.
    Unchecked,
    /// Every certificate but the anchor's must not be on the newest of these DER lists that its issuer has signed. A
    /// list that cannot be read or verified counts for nothing; an issuer without a current one makes the answer
    /// [`Rejection::RevocationUnknown`].
    Check(&'a [&'a [u8]]),
}

/// Validates the path from a client's DER certificate to one of the anchors, at this time.
///
/// The intermediates may come in any order, and unneeded or unreadable ones do not matter. Time is bounded: by
/// [`MAX_INTERMEDIATES`], webpki's budget of signature checks (100) and the number of paths that are examined.
///
/// # Errors
/// - [`Rejection::CredentialMalformed`]: the client's certificate cannot be read;
/// - [`Rejection::CertificateExpired`], [`Rejection::CertificateNotYetValid`]: its dates, whatever else is wrong;
/// - [`Rejection::CertificatePurpose`]: extended key usage, key usage, or a CA's certificate in a client's place;
/// - [`Rejection::CertificateRevoked`], [`Rejection::RevocationUnknown`];
/// - [`Rejection::CertificateUntrusted`]: everything else, a CA's dates included.
pub fn validate(
    leaf: &[u8],
    intermediates: &[&[u8]],
    anchors: &Anchors,
    purpose: Purpose,
    revocation: Revocation<'_>,
    at: Timestamp,
) -> Result<Path, Rejection> {
    validate_and_read(leaf, intermediates, anchors, purpose, revocation, at, |_| ()).map(|(path, ())| path)
}

/// As [`validate`]; where the path is valid, `read` is shown the client's certificate, which is parsed but once.
pub(crate) fn validate_and_read<T>(
    leaf: &[u8],
    intermediates: &[&[u8]],
    anchors: &Anchors,
    purpose: Purpose,
    revocation: Revocation<'_>,
    at: Timestamp,
    read: impl FnOnce(&X509Certificate<'_>) -> T,
) -> Result<(Path, T), Rejection> {
    if intermediates.len() > MAX_INTERMEDIATES {
        let text = format!("more than {MAX_INTERMEDIATES} intermediate certificates were given");
        return Err(Rejection::CertificateUntrusted(text.into()));
    }
    let at = whole_seconds(at);
    let leaf_der = CertificateDer::from(leaf);
    let end_entity = EndEntityCert::try_from(&leaf_der).map_err(unreadable)?;
    let malformed = |why: &'static str| Rejection::CredentialMalformed(why.into());
    let parsed = certificate::parse(leaf).map_err(malformed)?;
    let facts = PathCertificate::of(&parsed, leaf).map_err(malformed)?;
    refuse::leaf(&facts, purpose, at)?;

    let intermediates: Vec<_> =
        supply::certified(intermediates, anchors).into_iter().map(CertificateDer::from).collect();
    let search = Search { end_entity: &end_entity, intermediates: &intermediates, anchors, purpose, at };
    let Some(lists) = Lists::new(revocation)? else {
        let (path, ()) = search.find(&Arc::new(facts), |_| Ok(()))?;
        return Ok((path, read(&parsed)));
    };
    let (path, used) = search.find(&Arc::new(facts), |path| lists.check(path, at))?;
    search.confirm_revocation(&path, &used)?;
    Ok((path, read(&parsed)))
}

/// What webpki is given.
struct Search<'a> {
    end_entity: &'a EndEntityCert<'a>,
    intermediates: &'a [CertificateDer<'a>],
    anchors: &'a Anchors,
    purpose: Purpose,
    at: Timestamp,
}

impl Search<'_> {
    /// The first path that satisfies webpki, our layer and `extra`.
    fn find<T>(
        &self,
        leaf: &Arc<PathCertificate>,
        extra: impl Fn(&Path) -> Result<T, Rejection>,
    ) -> Result<(Path, T), Rejection> {
        let candidates = RefCell::new(Candidates { seen: 0, accepted: None, refused: None });
        let verdict = self.run_webpki(None, &|candidate| {
            let mut candidates = candidates.borrow_mut();
            candidates.seen += 1;
            if candidates.seen > MAX_CANDIDATES {
                return Err(Error::MaximumPathBuildCallsExceeded);
            }
            let examined = self.path_of(leaf, candidate).and_then(|path| {
                refuse::path(&path, self.purpose, self.at)?;
                let extra = extra(&path)?;
                Ok((path, extra))
            });
            match examined {
                Ok(accepted) => {
                    candidates.accepted = Some(accepted);
                    Ok(())
                }
                Err(rejection) => {
                    candidates.refused.get_or_insert(rejection);
                    // webpki goes on to the next path; what it says in the end is not used then.
                    Err(Error::UnknownIssuer)
                }
            }
        });
        match (verdict, candidates.into_inner()) {
            (Ok(()), Candidates { accepted: Some(accepted), .. }) => Ok(accepted),
            // A path that held for webpki tells more than why other paths did not.
            (_, Candidates { refused: Some(rejection), .. }) => Err(rejection),
            (Err(error), _) => Err(rejection_of(error)),
            (Ok(()), _) => Err(Rejection::CertificateUntrusted("no path was examined".into())),
        }
    }

    /// webpki's own opinion on the revocation of a path that we found good, by the same lists. It has no say where two
    /// lists share an issuer's name: it would take the first for both.
    fn confirm_revocation(&self, path: &Path, lists: &[&[u8]]) -> Result<(), Rejection> {
        let unusable = |error: Error| Rejection::RevocationUnknown(describe(&error));
        let mut read: Vec<CertRevocationList<'_>> = Vec::with_capacity(lists.len());
        for der in lists {
            let list = CertRevocationList::from(BorrowedCertRevocationList::from_der(der).map_err(unusable)?);
            if read.iter().any(|other| other.issuer() == list.issuer()) {
                return Ok(());
            }
            read.push(list);
        }
        let references: Vec<_> = read.iter().collect();
        let Ok(builder) = RevocationOptionsBuilder::new(&references) else { return Ok(()) };
        let options = builder.with_expiration_policy(ExpirationPolicy::Enforce).build();
        let verdict = self.run_webpki(Some(options), &|candidate| {
            let same = self
                .path_of(path.leaf(), candidate)
                .is_ok_and(|other| other.certificates().map(|c| c.der()).eq(path.certificates().map(|c| c.der())));
            if same { Ok(()) } else { Err(Error::UnknownIssuer) }
        });
        verdict.map_err(|error| match error {
            Error::CertRevoked => Rejection::CertificateRevoked { serial: String::new() },
            error => unusable(error),
        })
    }

    fn run_webpki(
        &self,
        revocation: Option<RevocationOptions<'_>>,
        verify_path: &dyn Fn(&VerifiedPath<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        // webpki knows no time before 1970; our own layer compares the dates once more.
        let time = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(self.at.as_second()).unwrap_or(0)));
        self.end_entity
            .verify_for_usage(
                &self.anchors.algorithms(),
                self.anchors.trust(),
                self.intermediates,
                time,
                self.purpose,
                revocation,
                Some(verify_path),
            )
            .map(|_| ())
    }

    fn path_of(&self, leaf: &Arc<PathCertificate>, candidate: &VerifiedPath<'_>) -> Result<Path, Rejection> {
        let untrusted = |why: &'static str| Rejection::CertificateUntrusted(why.into());
        let anchor = self.anchors.certificate_of(candidate.anchor()).ok_or_else(|| untrusted("an unknown anchor"))?;
        let mut intermediates = Vec::new();
        for certificate in candidate.intermediate_certificates() {
            let facts = PathCertificate::parse(&certificate.der()).map_err(untrusted)?;
            intermediates.push(Arc::new(facts));
        }
        Ok(Path::new(Arc::clone(leaf), intermediates, Arc::clone(anchor)))
    }
}

/// The complete paths that webpki came up with, and what became of them.
struct Candidates<T> {
    seen: usize,
    accepted: Option<(Path, T)>,
    refused: Option<Rejection>,
}

impl ExtendedKeyUsageValidator for Purpose {
    fn validate(&self, mut ids: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        match self {
            Self::ClientAuth => KeyUsage::client_auth().validate(ids),
            Self::Any => ids.try_for_each(|id| id.map(|_| ())),
        }
    }
}

/// Why the client's certificate cannot be used at all.
fn unreadable(error: Error) -> Rejection {
    match error {
        Error::UnsupportedCriticalExtension => Rejection::CertificateUntrusted(describe(&error)),
        error => Rejection::CredentialMalformed(describe(&error)),
    }
}

/// webpki's refusal in our words. The client's own dates were checked before, so a date here is a CA's.
fn rejection_of(error: Error) -> Rejection {
    match error {
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension | Error::CaUsedAsEndEntity => {
            Rejection::CertificatePurpose(describe(&error))
        }
        error => Rejection::CertificateUntrusted(describe(&error)),
    }
}

fn describe(error: &Error) -> Cow<'static, str> {
    let text = match error {
        Error::BadDer | Error::BadDerTime | Error::TrailingData(_) => "broken DER",
        Error::CaUsedAsEndEntity => "it is the certificate of a CA",
        Error::CertExpired { .. } => "the certificate of an intermediate CA has expired",
        Error::CertNotValidYet { .. } => "the certificate of an intermediate CA is not yet valid",
        Error::EmptyEkuExtension => "its extended key usage is empty",
        Error::EndEntityUsedAsCa => "it was issued by a certificate that is not that of a CA",
        Error::ExtensionValueInvalid | Error::MalformedExtensions => "malformed or duplicate extensions",
        Error::InvalidCertValidity => "its notAfter is before its notBefore",
        Error::InvalidSignatureForPublicKey => "a signature does not verify with the issuer's key",
        Error::MaximumNameConstraintComparisonsExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumSignatureChecksExceeded
        | Error::MaximumPathDepthExceeded => "the path is too complex to be checked",
        Error::NameConstraintViolation => "a name is outside of what a CA above it may name",
        Error::PathLenConstraintViolated => "more CAs follow than a CA allows below it",
        Error::RequiredEkuNotFoundContext(_) => "extended key usage without clientAuth",
        Error::SignatureAlgorithmMismatch => "it names two signature algorithms",
        Error::UnknownIssuer => "its issuer is none of the trusted CAs, nor certified by one",
        Error::UnsupportedCertVersion => "not an X.509 version 3 certificate",
        Error::UnsupportedCriticalExtension => "it has a critical extension that is not supported",
        Error::UnsupportedSignatureAlgorithmContext(_) | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            "a signature algorithm or key that is not accepted"
        }
        // The enum may grow; the name of a variant is better than nothing.
        other => return format!("{other:?}").into(),
    };
    text.into()
}
