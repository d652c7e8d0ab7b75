//! Issuing certificates of the project's profile (RFC 5280): roots, intermediates, clients.
//!
//! Path lengths: a root may have one level of CAs below it (pathLen 1), an intermediate one level less than its parent.
//! A CA whose pathLen is 0 issues client certificates only.

use super::{
    Lifetime, Serial, Subject, check_url,
    extension::{self, Oid},
    facts::{Facts, is_plain_name},
};
use crate::{
    error::{Error, Result},
    key::{Algorithm, KeyError, KeyType, PublicKey, Signer, ecdsa_to_der, sha256},
    scope::Scopes,
};
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyUsagePurpose, SerialNumber,
};
use rustls_pki_types::CertificateDer;
use std::{cell::OnceCell, time::Duration};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// The life of a client certificate unless another is asked for: 365 d.
pub const CLIENT_LIFETIME: Lifetime = Lifetime::hours(365 * 24);
/// The life of a CA unless another is asked for: 8766 h, which is 365.25 d.
pub const CA_LIFETIME: Lifetime = Lifetime::hours(8766);
/// Certificates begin this long before they are made: the clocks of those who check them are not exact.
pub const BACKDATE: SignedDuration = SignedDuration::from_secs(60);
/// How many CAs may follow below a root.
const ROOT_PATH_LEN: u8 = 1;

/// What every certificate needs.
#[derive(Debug, Clone)]
pub struct Template {
    /// Whose certificate it is.
    pub subject: Subject,
    /// A serial number that the issuer did not use before; random if `None`.
    pub serial: Option<Serial>,
    /// How long it lives. `None` is [`CLIENT_LIFETIME`] or [`CA_LIFETIME`], but not longer than its issuer.
    pub lifetime: Option<Lifetime>,
    /// Where its issuer publishes the revocation list.
    pub crl_url: Option<String>,
}

/// A CA that can sign: its certificate and its key.
pub struct Issuer<'a> {
    facts: &'a Facts,
    signer: &'a dyn Signer,
}

impl<'a> Issuer<'a> {
    /// Checks that the certificate is a CA's and that the key is the certificate's.
    ///
    /// # Errors
    /// [`Error::Issue`] saying which of the two does not hold.
    pub fn new(facts: &'a Facts, signer: &'a dyn Signer) -> Result<Self> {
        let why = if !facts.is_ca {
            "the issuer's certificate is not a CA's"
        } else if facts.spki != signer.public_key().spki_der() {
            "the issuer's key does not belong to its certificate"
        } else {
            return Ok(Self { facts, signer });
        };
        Err(Error::Issue { what: "anything", why: why.to_owned() })
    }

    /// The CA's certificate.
    pub fn facts(&self) -> &Facts {
        self.facts
    }

    pub(crate) fn signer(&self) -> &dyn Signer {
        self.signer
    }

    /// Issues a client certificate: CA:FALSE, digitalSignature, clientAuth, and the scopes.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for values outside of their bounds, [`Error::NotAllowed`] where it would outlive this CA or
    /// the CA is not valid now, [`Error::Issue`] and [`Error::Key`] where encoding or signing failed.
    pub fn client(
        &self,
        template: &Template,
        key: &PublicKey,
        scopes: &Scopes,
        oid: &Oid,
        now: Timestamp,
    ) -> Result<Facts> {
        let mut params = self.params(template, key, CLIENT_LIFETIME, now)?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.custom_extensions = vec![CustomExtension::from_oid_content(oid.arcs(), extension::encode(scopes)?)];
        self.sign(&params, key)
    }

    /// Issues the certificate of an intermediate CA.
    ///
    /// # Errors
    /// As [`Issuer::client`]; [`Error::NotAllowed`] where this CA's pathLen allows none.
    pub fn intermediate(&self, template: &Template, key: &PublicKey, now: Timestamp) -> Result<Facts> {
        let path_len = match self.facts.path_len {
            None => 0,
            Some(limit) => limit.checked_sub(1).ok_or_else(|| {
                Error::not_allowed(
                    "parent CA",
                    self.facts.common_name.as_deref().unwrap_or_default(),
                    "its certificate has pathLen 0: no CA may follow below it",
                    "use a root CA (made by `ca create` without --parent) as --parent",
                )
            })?,
        };
        let mut params = self.params(template, key, CA_LIFETIME, now)?;
        set_ca(&mut params, u8::try_from(path_len).unwrap_or(u8::MAX));
        self.sign(&params, key)
    }

    fn params(
        &self,
        template: &Template,
        key: &PublicKey,
        default: Lifetime,
        now: Timestamp,
    ) -> Result<CertificateParams> {
        let ca = self.facts.common_name.as_deref().unwrap_or_default();
        let latest = self.facts.not_after;
        let hint = "make a new CA with `ca create`, or set this machine's clock if it is wrong";
        if now > latest {
            return Err(Error::not_allowed("CA", ca, format!("it expired at {latest} (it is {now})"), hint));
        }
        if now < self.facts.not_before {
            let begin = self.facts.not_before;
            return Err(Error::not_allowed("CA", ca, format!("it is valid from {begin} on (it is {now})"), hint));
        }
        let end = match template.lifetime {
            Some(lifetime) => lifetime.end(now)?,
            None => default.end(now)?.min(latest),
        };
        if end > latest {
            return Err(Error::not_allowed(
                "expiration",
                end,
                format!("a certificate must not outlive its CA {ca}: the latest possible date is {latest}"),
                format!("use --expiration {latest} or an earlier time"),
            ));
        }
        let mut params = base_params(template, key, now, end)?;
        params.use_authority_key_identifier_extension = true;
        Ok(params)
    }

    fn sign(&self, params: &CertificateParams, key: &PublicKey) -> Result<Facts> {
        let adapter = Adapter::new(self.signer);
        let issued = params.signed_by(&Subordinate(key), &self.to_rcgen(&adapter)?);
        let facts = Facts::from_der(adapter.checked("a certificate", issued)?.der())?;
        if facts.names_as_issuer(self.facts) {
            return Ok(facts);
        }
        Err(Error::Issue {
            what: "a certificate",
            why: "the CA's own name cannot be repeated exactly; use a CA that certauthz made".to_owned(),
        })
    }

    /// This issuer for the encoder, with the name and key identifier of its certificate.
    pub(crate) fn to_rcgen<'b>(&self, adapter: &'b Adapter<'b>) -> Result<rcgen::Issuer<'static, &'b Adapter<'b>>> {
        let unusable = |why: String| Error::Issue { what: "anything", why };
        // The encoder panics on some names; a file can hold anything.
        let plain = X509Certificate::from_der(&self.facts.der).is_ok_and(|(_, c)| is_plain_name(c.subject()));
        if !plain {
            return Err(unusable("the CA's name is of a form that cannot be repeated".to_owned()));
        }
        rcgen::Issuer::from_ca_cert_der(&CertificateDer::from(self.facts.der.as_slice()), adapter)
            .map_err(|e| unusable(e.to_string()))
    }
}

/// Makes the certificate of a root CA, signed by its own key.
///
/// # Errors
/// As [`Issuer::client`].
pub fn root(template: &Template, signer: &dyn Signer, now: Timestamp) -> Result<Facts> {
    let end = template.lifetime.unwrap_or(CA_LIFETIME).end(now)?;
    let mut params = base_params(template, signer.public_key(), now, end)?;
    set_ca(&mut params, ROOT_PATH_LEN);
    let adapter = Adapter::new(signer);
    let issued = params.self_signed(&adapter);
    Facts::from_der(adapter.checked("a CA certificate", issued)?.der())
}

fn set_ca(params: &mut CertificateParams, path_len: u8) {
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_len));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
}

fn base_params(template: &Template, key: &PublicKey, now: Timestamp, end: Timestamp) -> Result<CertificateParams> {
    let begin = now.checked_sub(BACKDATE).unwrap_or(now).max(Timestamp::UNIX_EPOCH);
    let serial = template.serial.clone().map_or_else(Serial::random, Ok)?;
    let mut params = CertificateParams::default();
    params.serial_number = Some(SerialNumber::from_slice(serial.as_bytes()));
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + since_1970(begin)?;
    params.not_after = epoch + since_1970(end)?;
    params.distinguished_name = DistinguishedName::new();
    if let Some(organization) = template.subject.organization() {
        params.distinguished_name.push(DnType::OrganizationName, organization);
    }
    params.distinguished_name.push(DnType::CommonName, template.subject.common_name());
    params.key_identifier_method = KeyIdMethod::PreSpecified(key_identifier(key));
    if let Some(url) = &template.crl_url {
        params.crl_distribution_points = vec![CrlDistributionPoint { uris: vec![check_url("CRL URL", url)?] }];
    }
    Ok(params)
}

/// RFC 7093 section 2, method 1: the first 160 bits of the SHA-256 of the subjectPublicKey.
fn key_identifier(key: &PublicKey) -> Vec<u8> {
    sha256(key.raw()).into_iter().take(20).collect()
}

/// The distance from the encoder's `date_time_ymd(1970, 1, 1)`, whose type it does not export.
pub(crate) fn since_1970(time: Timestamp) -> Result<Duration> {
    u64::try_from(time.as_second())
        .map(Duration::from_secs)
        .map_err(|_| Error::invalid("time", time, "it lies before 1970", "use a time between 1970 and 9999"))
}

/// Our [`Signer`] for the encoder, whose errors have no room for ours.
pub(crate) struct Adapter<'a> {
    signer: &'a dyn Signer,
    failed: OnceCell<KeyError>,
}

impl<'a> Adapter<'a> {
    pub(crate) fn new(signer: &'a dyn Signer) -> Self {
        Self { signer, failed: OnceCell::new() }
    }

    /// The result of an encoder's call that signed with this adapter, with the signer's own error where it was at fault.
    pub(crate) fn checked<T>(&self, what: &'static str, result: Result<T, rcgen::Error>) -> Result<T> {
        result.map_err(|e| match self.failed.get() {
            Some(error) => Error::Key(error.clone()),
            None => Error::Issue { what, why: e.to_string() },
        })
    }
}

impl rcgen::PublicKeyData for Adapter<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.signer.public_key().raw()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        encoder_algorithm(self.signer.public_key())
    }
}

impl rcgen::SigningKey for Adapter<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let algorithm = self.signer.public_key().key_type().algorithm();
        let signature = self.signer.sign(algorithm, message).and_then(|signature| match algorithm {
            Algorithm::EcdsaP256Sha256 | Algorithm::EcdsaP384Sha384 => ecdsa_to_der(&signature),
            _ => Ok(signature),
        });
        signature.map_err(|error| {
            // The first error is the cause; a second one would only repeat it.
            self.failed.get_or_init(|| error);
            rcgen::Error::RemoteKeyError
        })
    }
}

/// The key that a certificate is for.
struct Subordinate<'a>(&'a PublicKey);

impl rcgen::PublicKeyData for Subordinate<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.raw()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        encoder_algorithm(self.0)
    }
}

fn encoder_algorithm(key: &PublicKey) -> &'static rcgen::SignatureAlgorithm {
    match key.key_type() {
        KeyType::Rsa(_) => &rcgen::PKCS_RSA_SHA256,
        KeyType::EcP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
        KeyType::EcP384 => &rcgen::PKCS_ECDSA_P384_SHA384,
        KeyType::Ed25519 => &rcgen::PKCS_ED25519,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cert::extension::SCOPES_OID, key::LocalKey};
    use proptest::prelude::*;

    fn template(name: &str) -> Template {
        Template { subject: Subject::new(name, None).unwrap(), serial: None, lifetime: None, crl_url: None }
    }

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_profile() {
        let (ca_key, key) =
            (LocalKey::generate(KeyType::EcP256).unwrap(), LocalKey::generate(KeyType::Ed25519).unwrap());
        let ca = root(&template("ca"), &ca_key, now()).unwrap();
        assert_eq!(ca.not_after.duration_since(ca.not_before), SignedDuration::from_secs(8766 * 3600 + 60));
        let issuer = Issuer::new(&ca, &ca_key).unwrap();
        let scopes = Scopes::parse("a b").unwrap();
        let leaf = issuer.client(&template("alice"), key.public_key(), &scopes, &SCOPES_OID, now()).unwrap();
        assert!(leaf.is_signed_by(ca_key.public_key()) && !leaf.is_signed_by(key.public_key()));
        assert_eq!(leaf.authority_key_id, ca.subject_key_id);
        assert_eq!(extension::decode(&leaf.extension(&SCOPES_OID).unwrap()).unwrap(), scopes);
        assert!((1..=17).contains(&leaf.serial.as_bytes().len()));
        let other = issuer.client(&template("alice"), key.public_key(), &scopes, &SCOPES_OID, now()).unwrap();
        assert_ne!(leaf.serial, other.serial);
        assert!(issuer.client(&template("x"), key.public_key(), &Scopes::default(), &SCOPES_OID, now()).is_err());
        // Neither another key nor a leaf makes an issuer.
        assert!(Issuer::new(&ca, &key).is_err());
        assert!(Issuer::new(&leaf, &key).is_err());
    }

    #[test]
    fn a_signer_that_fails_is_the_error() {
        struct Broken(LocalKey);
        impl Signer for Broken {
            fn public_key(&self) -> &PublicKey {
                self.0.public_key()
            }
            fn sign(&self, _: Algorithm, _: &[u8]) -> Result<Vec<u8>, KeyError> {
                Err(KeyError::Crypto("reach the key service"))
            }
        }
        let broken = Broken(LocalKey::generate(KeyType::EcP384).unwrap());
        let error = root(&template("ca"), &broken, now()).unwrap_err();
        assert!(error.to_string().contains("reach the key service"), "{error}");
    }

    #[test]
    fn names_that_the_encoder_below_cannot_write() {
        let key = LocalKey::generate(KeyType::EcP256).unwrap();
        let der = root(&template("ca"), &key, now()).unwrap().der;
        // The type "common name", 2.5.4.3, becomes 4.24.4.3, and what is read as 6.15.….
        let places: Vec<_> = (0..der.len()).filter(|&at| der[at..].starts_with(&[6, 3, 0x55, 4, 3])).collect();
        assert!(!places.is_empty());
        for first in [0x78, 0xb8, 0xff] {
            let mut damaged = der.clone();
            places.iter().for_each(|at| damaged[at + 2] = first);
            let facts = Facts::from_der(&damaged).unwrap();
            let scopes = Scopes::parse("a").unwrap();
            let issued = Issuer::new(&facts, &key)
                .and_then(|issuer| issuer.client(&template("x"), key.public_key(), &scopes, &SCOPES_OID, now()));
            assert!(issued.unwrap_err().to_string().contains("name"), "{first:#x}");
        }
    }

    proptest! {
        #[test]
        fn a_damaged_certificate_never_panics(at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
            static MADE: std::sync::OnceLock<(LocalKey, Vec<u8>)> = std::sync::OnceLock::new();
            let (key, der) = MADE.get_or_init(|| {
                let key = LocalKey::generate(KeyType::EcP256).unwrap();
                let der = root(&template("ca"), &key, now()).unwrap().der;
                (key, der)
            });
            let mut der = der.clone();
            let at = at.index(der.len());
            der[at] = byte;
            if let Ok(facts) = Facts::from_der(&der) {
                let _ = facts.extension(&SCOPES_OID);
                let _ = facts.is_signed_by(key.public_key());
                if let Ok(issuer) = Issuer::new(&facts, key) {
                    let scopes = Scopes::parse("a").unwrap();
                    let _ = issuer.client(&template("x"), key.public_key(), &scopes, &SCOPES_OID, now());
                }
            }
        }
    }
}
