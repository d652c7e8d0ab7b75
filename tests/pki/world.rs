//! CAs, clients and revocation lists, made for each test.
use certauthz::{
    cert::chain::{Anchors, Path, Purpose, Revocation, validate},
    error::Rejection,
};
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevocationReason, RevokedCertParams,
    SerialNumber, SigningKey as _, date_time_ymd,
};

/// Everything is valid from 2025 to 2027 unless said otherwise.
pub(crate) fn now() -> Timestamp {
    at("2026-01-01T00:00:00Z")
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) struct Ca {
    pub(crate) params: CertificateParams,
    pub(crate) key: KeyPair,
    pub(crate) der: Vec<u8>,
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2025, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params.use_authority_key_identifier_extension = true;
    params
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

impl Ca {
    pub(crate) fn root(name: &str) -> Self {
        Self::root_with(name, |_| {})
    }

    pub(crate) fn root_with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = ca_params(name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self { params, key, der }
    }

    /// Another certificate for the same name and key, self-signed.
    pub(crate) fn again(&self, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = self.params.clone();
        change(&mut params);
        params.self_signed(&self.key).unwrap().der().to_vec()
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }

    pub(crate) fn child(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        self.child_with_key(name, KeyPair::generate().unwrap(), change)
    }

    pub(crate) fn child_with_key(&self, name: &str, key: KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = ca_params(name);
        change(&mut params);
        let der = params.signed_by(&key, &self.issuer()).unwrap().der().to_vec();
        Self { params, key, der }
    }

    pub(crate) fn client(&self) -> Vec<u8> {
        self.client_with(|_| {})
    }

    /// A client certificate with serial number 0x77.
    pub(crate) fn client_with(&self, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = params("client");
        params.serial_number = Some(SerialNumber::from_slice(&[0x77]));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        params.signed_by(&KeyPair::generate().unwrap(), &self.issuer()).unwrap().der().to_vec()
    }

    /// A list with these serial numbers, by rcgen.
    pub(crate) fn list(&self, number: u64, serials: &[&[u8]]) -> Vec<u8> {
        let revoked = |serial: &&[u8]| RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial),
            revocation_time: date_time_ymd(2025, 6, 1),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: Some(date_time_ymd(2025, 5, 1)),
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2025, 12, 31),
            next_update: date_time_ymd(2026, 1, 7),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer()).unwrap().der().to_vec()
    }

    /// A list with any content, signed by this CA.
    pub(crate) fn raw_list(&self, list: &RawList) -> Vec<u8> {
        let algorithm = der(0x30, &[&[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]]);
        let mut fields = vec![];
        if let Some(version) = list.version {
            fields.extend(der(2, &[&[version]]));
        }
        fields.extend(&algorithm);
        fields.extend(list.issuer.clone().unwrap_or_else(|| subject(&self.der)));
        fields.extend(der(0x17, &[b"251231000000Z"]));
        if let Some(next) = list.next_update {
            fields.extend(der(0x17, &[next.as_bytes()]));
        }
        if let Some(entries) = &list.entries {
            fields.extend(der(0x30, &[&entries.concat()]));
        }
        if let Some(extensions) = &list.extensions {
            fields.extend(der(0xa0, &[&der(0x30, &[&extensions.concat()])]));
        }
        let signed = der(0x30, &[&fields]);
        let signature = self.key.sign(&signed).unwrap();
        der(0x30, &[&signed, &algorithm, &der(3, &[&[0], &signature])])
    }
}

/// The fields of a list, to be broken one at a time.
pub(crate) struct RawList {
    pub(crate) version: Option<u8>,
    pub(crate) issuer: Option<Vec<u8>>,
    pub(crate) next_update: Option<&'static str>,
    pub(crate) entries: Option<Vec<Vec<u8>>>,
    pub(crate) extensions: Option<Vec<Vec<u8>>>,
}

impl Default for RawList {
    fn default() -> Self {
        let number = extension(&[0x55, 0x1d, 20], false, &[2, 1, 7]);
        Self {
            version: Some(1),
            issuer: None,
            next_update: Some("260107000000Z"),
            entries: None,
            extensions: Some(vec![number]),
        }
    }
}

pub(crate) fn entry(serial: &[u8], extensions: &[Vec<u8>]) -> Vec<u8> {
    let extensions = if extensions.is_empty() { vec![] } else { der(0x30, &[&extensions.concat()]) };
    der(0x30, &[&der(2, &[serial]), &der(0x17, &[b"250601000000Z"]), &extensions])
}

pub(crate) fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    der(0x30, &[&der(6, &[oid]), critical, &der(4, &[value])])
}

pub(crate) fn der(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let mut out = vec![tag];
    match content.len() {
        n @ 0..=0x7f => out.push(n as u8),
        n => {
            out.push(0x84);
            out.extend((n as u32).to_be_bytes());
            while out[2] == 0 {
                out.remove(2);
                out[1] -= 1;
            }
        }
    }
    out.extend(content);
    out
}

/// The DER Name of a certificate's subject.
pub(crate) fn subject(certificate: &[u8]) -> Vec<u8> {
    let anchors = Anchors::new([certificate.to_vec()]).unwrap();
    anchors.certificates()[0].subject().to_vec()
}

pub(crate) fn check(leaf: &[u8], intermediates: &[&[u8]], anchors: &[&[u8]]) -> Result<Path, Rejection> {
    check_at(leaf, intermediates, anchors, now())
}

pub(crate) fn check_at(
    leaf: &[u8],
    intermediates: &[&[u8]],
    anchors: &[&[u8]],
    at: Timestamp,
) -> Result<Path, Rejection> {
    let anchors = Anchors::new(anchors.iter().copied()).unwrap();
    validate(leaf, intermediates, &anchors, Purpose::ClientAuth, Revocation::Unchecked, at)
}

/// The reason's word and the whole text.
#[track_caller]
pub(crate) fn refused(result: Result<Path, Rejection>) -> (&'static str, String) {
    let rejection = result.expect_err("it was accepted");
    (rejection.reason().as_str(), rejection.to_string())
}

#[track_caller]
pub(crate) fn assert_refused(result: Result<Path, Rejection>, reason: &str, text: &str) {
    let (got, explained) = refused(result);
    assert!(got == reason && explained.contains(text), "wanted {reason} with {text:?}, got {got}: {explained}");
}
