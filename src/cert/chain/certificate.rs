//! The facts of one certificate of a path.

use super::names::Rdns;
use crate::{
    crl::IssuerId,
    der,
    key::{KeyError, PublicKey},
};
use jiff::Timestamp;
use std::{fmt, ops::Range, sync::OnceLock};
use x509_parser::{
    extensions::{GeneralName, KeyUsage, ParsedExtension, X509Extension},
    prelude::{FromDer as _, X509Certificate},
    time::ASN1Time,
    x509::{X509Name, X509Version},
};

/// A certificate of a path: its DER and where in it the facts are that a server asks for on every request.
pub struct PathCertificate {
    der: Box<[u8]>,
    serial: Range<usize>,
    issuer: Range<usize>,
    subject: Range<usize>,
    spki: Range<usize>,
    not_before: Timestamp,
    not_after: Timestamp,
    /// What few certificates are asked for is found out when they are.
    id: OnceLock<IssuerId>,
    key: OnceLock<Result<PublicKey, KeyError>>,
    pub(super) rules: Rules,
}

/// What the certificate's extensions say about its use.
pub(super) struct Rules {
    pub(super) version_3: bool,
    /// The serial number is positive and has at most 20 bytes (RFC 5280 section 4.1.2.2).
    pub(super) regular_serial: bool,
    /// BasicConstraints with cA TRUE.
    pub(super) is_ca: bool,
    pub(super) path_len: Option<u32>,
    pub(super) key_usage: Option<KeyUsage>,
    pub(super) extended_key_usage: Option<ExtendedUsage>,
    /// The first critical extension that nobody here processes.
    pub(super) unknown_critical: Option<String>,
    /// The DER Names among the subject alternative names.
    pub(super) directory_names: Vec<Box<[u8]>>,
    /// Of an anchor: the RDNs that [`super::names`] took out of its name constraints.
    pub(super) permitted_directories: Vec<Rdns>,
}

#[derive(Clone, Copy)]
pub(super) struct ExtendedUsage {
    pub(super) client_auth: bool,
    pub(super) any: bool,
}

impl PathCertificate {
    /// Reads a DER certificate.
    pub(super) fn parse(whole: &[u8]) -> Result<Self, &'static str> {
        Self::of(&parse(whole)?, whole)
    }

    /// The facts of the certificate that was parsed from these bytes.
    pub(super) fn of(certificate: &X509Certificate<'_>, whole: &[u8]) -> Result<Self, &'static str> {
        let range = |part: &[u8]| range_in(whole, part).ok_or("not a DER certificate");
        let raw_serial = certificate.raw_serial();
        let magnitude = der::magnitude(raw_serial);
        let serial = magnitude.unwrap_or(raw_serial);
        let validity = certificate.validity();
        Ok(Self {
            serial: range(serial)?,
            issuer: range(certificate.issuer().as_raw())?,
            subject: range(certificate.subject().as_raw())?,
            spki: range(certificate.public_key().raw)?,
            not_before: timestamp(validity.not_before).ok_or("its notBefore is no date")?,
            not_after: timestamp(validity.not_after).ok_or("its notAfter is no date")?,
            id: OnceLock::new(),
            key: OnceLock::new(),
            rules: Rules {
                version_3: certificate.version() == X509Version::V3,
                regular_serial: magnitude.is_some_and(|m| (1..=20).contains(&m.len())),
                ..rules(certificate)?
            },
            der: whole.into(),
        })
    }

    /// The whole certificate in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The serial number, big-endian, without leading zeros.
    pub fn serial(&self) -> &[u8] {
        self.part(&self.serial)
    }

    /// The serial number in lower-case hex.
    pub fn serial_hex(&self) -> String {
        self.serial().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The DER Name of the issuer, including its SEQUENCE header.
    pub fn issuer(&self) -> &[u8] {
        self.part(&self.issuer)
    }

    /// The DER Name of the subject, including its SEQUENCE header.
    pub fn subject(&self) -> &[u8] {
        self.part(&self.subject)
    }

    /// The subject for people, e.g. `CN=alice, O=Example`.
    pub fn subject_text(&self) -> String {
        // It was parsed once before.
        X509Name::from_der(self.subject()).map(|(_, name)| name.to_string()).unwrap_or_default()
    }

    /// The DER SubjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        self.part(&self.spki)
    }

    /// The public key, parsed once.
    ///
    /// # Errors
    /// [`KeyError`] for keys that verify nothing here, those that are too short included.
    pub fn key(&self) -> Result<&PublicKey, &KeyError> {
        self.key.get_or_init(|| PublicKey::from_spki_der(self.spki())).as_ref()
    }

    /// The first second of its life.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last second of its life: it is valid through this second.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// As an issuer of revocation lists.
    pub fn issuer_id(&self) -> IssuerId {
        *self.id.get_or_init(|| IssuerId::new(self.subject(), self.spki()))
    }

    /// Whether it names itself as issuer (RFC 5280 section 3.2): a CA that rolls over its key or changes its policy.
    pub fn is_self_issued(&self) -> bool {
        self.issuer() == self.subject()
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.der.get(range.clone()).unwrap_or_default()
    }
}

impl fmt::Debug for PathCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PathCertificate")
            .field("subject", &self.subject_text())
            .field("serial", &self.serial_hex())
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// The whole of these bytes as one certificate.
pub(super) fn parse(whole: &[u8]) -> Result<X509Certificate<'_>, &'static str> {
    match X509Certificate::from_der(whole) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err("not a DER certificate"),
    }
}

fn rules(certificate: &X509Certificate<'_>) -> Result<Rules, &'static str> {
    let mut rules = Rules {
        version_3: false,
        regular_serial: false,
        is_ca: false,
        path_len: None,
        key_usage: None,
        extended_key_usage: None,
        unknown_critical: None,
        directory_names: Vec::new(),
        permitted_directories: Vec::new(),
    };
    for (index, extension) in certificate.extensions().iter().enumerate() {
        if certificate.extensions().iter().skip(index + 1).any(|other| other.oid == extension.oid) {
            return Err("it has an extension twice");
        }
        match extension.parsed_extension() {
            // What is broken in an extension that nobody here reads may be what another reader decides by.
            ParsedExtension::ParseError { .. } => return Err("it has a malformed extension"),
            ParsedExtension::BasicConstraints(basic) => {
                rules.is_ca = basic.ca;
                rules.path_len = basic.path_len_constraint;
            }
            ParsedExtension::KeyUsage(usage) => rules.key_usage = Some(*usage),
            ParsedExtension::ExtendedKeyUsage(usage) => {
                rules.extended_key_usage = Some(ExtendedUsage { client_auth: usage.client_auth, any: usage.any });
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                for name in &names.general_names {
                    match name {
                        GeneralName::DirectoryName(name) => rules.directory_names.push(name.as_raw().into()),
                        GeneralName::Invalid(..) => return Err("it has a malformed alternative name"),
                        _ => {}
                    }
                }
            }
            _ if extension.critical && !is_processed(extension) => {
                rules.unknown_critical.get_or_insert_with(|| extension.oid.to_id_string());
            }
            _ => {}
        }
    }
    Ok(rules)
}

/// Extensions that webpki takes into account and that we do not read.
fn is_processed(extension: &X509Extension<'_>) -> bool {
    matches!(
        extension.parsed_extension(),
        ParsedExtension::NameConstraints(_) | ParsedExtension::CRLDistributionPoints(_)
    )
}

fn timestamp(time: ASN1Time) -> Option<Timestamp> {
    Timestamp::from_second(time.timestamp()).ok()
}

/// Where `part`, a slice of `whole`, lies in it.
fn range_in(whole: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let range = start..start.checked_add(part.len())?;
    (whole.get(range.clone())? == part).then_some(range)
}
