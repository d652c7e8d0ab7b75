//! What issuing and keeping certificates needs to know of one: a plain reading, without any judgement of trust.

use super::Serial;
use crate::{
    error::{Error, Result},
    key::{Algorithm, PublicKey, ecdsa_from_der},
};
use jiff::Timestamp;
use x509_parser::{
    prelude::{FromDer as _, X509Certificate},
    x509::X509Name,
};

/// A certificate and its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The certificate itself, in DER.
    pub der: Vec<u8>,
    /// Its serial number.
    pub serial: Serial,
    /// The subject's distinguished name in DER.
    pub subject: Vec<u8>,
    /// The issuer's distinguished name in DER.
    pub issuer: Vec<u8>,
    /// The first common name of the subject.
    pub common_name: Option<String>,
    /// The first organization of the subject.
    pub organization: Option<String>,
    /// Valid from then on.
    pub not_before: Timestamp,
    /// Valid until then, inclusive.
    pub not_after: Timestamp,
    /// The SubjectPublicKeyInfo in DER.
    pub spki: Vec<u8>,
    /// The subject key identifier.
    pub subject_key_id: Option<Vec<u8>>,
    /// The authority key identifier.
    pub authority_key_id: Option<Vec<u8>>,
    /// Whether it is a CA that may sign certificates: basicConstraints, and keyCertSign where there is a keyUsage.
    pub is_ca: bool,
    /// How many CAs may follow below it; `None` is no limit.
    pub path_len: Option<u32>,
}

impl Facts {
    /// Reads a DER certificate (RFC 5280 section 4.1). Its signature is not checked.
    ///
    /// # Errors
    /// [`Error::Issue`] saying what cannot be read.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        Self::parse(der).map_err(|why| Error::Issue { what: "anything that needs this certificate", why })
    }

    /// As [`Facts::from_der`], with the reason alone.
    pub(crate) fn parse(der: &[u8]) -> Result<Self, String> {
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|e| e.to_string())?;
        if !rest.is_empty() {
            return Err("there are bytes after the certificate".to_owned());
        }
        let extension = |e: x509_parser::error::X509Error| e.to_string();
        let constraints = parsed.basic_constraints().map_err(extension)?.map(|e| e.value);
        let signs = parsed.key_usage().map_err(extension)?.is_none_or(|e| e.value.key_cert_sign());
        let time =
            |time: x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp()).map_err(|e| e.to_string());
        Ok(Self {
            der: der.to_vec(),
            serial: Serial::from_be_bytes(parsed.raw_serial())
                .ok_or("its serial number is not positive and below 2^159")?,
            subject: parsed.subject().as_raw().to_vec(),
            issuer: parsed.issuer().as_raw().to_vec(),
            common_name: first_text(parsed.subject().iter_common_name()),
            organization: first_text(parsed.subject().iter_organization()),
            not_before: time(parsed.validity().not_before)?,
            not_after: time(parsed.validity().not_after)?,
            spki: parsed.public_key().raw.to_vec(),
            subject_key_id: parsed.iter_extensions().find_map(|e| match e.parsed_extension() {
                x509_parser::extensions::ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
                _ => None,
            }),
            authority_key_id: parsed.iter_extensions().find_map(|e| match e.parsed_extension() {
                x509_parser::extensions::ParsedExtension::AuthorityKeyIdentifier(id) => {
                    id.key_identifier.as_ref().map(|id| id.0.to_vec())
                }
                _ => None,
            }),
            is_ca: signs && constraints.is_some_and(|c| c.ca),
            path_len: constraints.and_then(|c| c.path_len_constraint),
        })
    }

    /// Whether subject and issuer are the same name: a root's.
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// Whether `self` names `issuer` as its issuer: by name, and by key identifier where both give one.
    pub fn names_as_issuer(&self, issuer: &Self) -> bool {
        self.issuer == issuer.subject
            && match (&self.authority_key_id, &issuer.subject_key_id) {
                (Some(authority), Some(subject)) => authority == subject,
                _ => true,
            }
    }

    /// Whether it says that its key authenticates a TLS client by signatures (RFC 5280 sections 4.2.1.3 and 4.2.1.12):
    /// extendedKeyUsage with clientAuth, keyUsage with digitalSignature, and no CA.
    pub fn is_for_a_client(&self) -> bool {
        let Ok((_, parsed)) = X509Certificate::from_der(&self.der) else { return false };
        let purpose = parsed.extended_key_usage().is_ok_and(|found| found.is_some_and(|e| e.value.client_auth));
        let usage = parsed.key_usage().is_ok_and(|found| found.is_some_and(|e| e.value.digital_signature()));
        let ca = parsed.basic_constraints().map_or(true, |found| found.is_some_and(|e| e.value.ca));
        purpose && usage && !ca
    }

    /// Whether `key` made this certificate's signature, with the algorithm that our own profile has for it.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let Ok((_, parsed)) = X509Certificate::from_der(&self.der) else { return false };
        let algorithm = key.key_type().algorithm();
        let signature = &parsed.signature_value.data;
        let fixed = match algorithm {
            Algorithm::EcdsaP256Sha256 => ecdsa_from_der(signature, 32),
            Algorithm::EcdsaP384Sha384 => ecdsa_from_der(signature, 48),
            _ => Ok(signature.to_vec()),
        };
        fixed.is_ok_and(|fixed| key.verify(algorithm, parsed.tbs_certificate.as_ref(), &fixed).is_ok())
    }

    /// The value of the extension with this object identifier.
    pub fn extension(&self, oid: &super::extension::Oid) -> Option<Vec<u8>> {
        let (_, parsed) = X509Certificate::from_der(&self.der).ok()?;
        let wanted = oid.to_der_content();
        parsed.iter_extensions().find(|e| e.oid.as_bytes() == wanted).map(|e| e.value.to_vec())
    }
}

fn first_text<'a>(
    mut attributes: impl Iterator<Item = &'a x509_parser::x509::AttributeTypeAndValue<'a>>,
) -> Option<String> {
    attributes.next().and_then(|attribute| attribute.as_str().ok()).map(str::to_owned)
}

/// Whether each relative distinguished name has exactly one attribute, of a type whose first octet stands for the arcs
/// 0.0 to 2.39: what the encoder below us can repeat. It panics on an empty set, and on arcs that its reader got wrong.
pub(super) fn is_plain_name(name: &X509Name<'_>) -> bool {
    name.iter().all(|rdn| {
        let mut types = rdn.iter().map(|attribute| attribute.attr_type().as_bytes());
        matches!((types.next(), types.next()), (Some([0..120, ..]), None))
    })
}
