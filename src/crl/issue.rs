//! Issuing revocation lists (RFC 5280 section 5): version 2, complete, direct.

pub use super::RevocationReason;
use crate::{
    cert::{
        Serial,
        issuer::{Adapter, Issuer, since_1970},
    },
    error::{Error, Result},
    key::sha256,
};
use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateRevocationListParams, KeyIdMethod, RevokedCertParams, SerialNumber};

/// One revoked certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its serial number.
    pub serial: Serial,
    /// When it was revoked.
    pub revoked_at: Timestamp,
    /// Why.
    pub reason: RevocationReason,
}

/// What a list says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The CRL number: higher than in any list before (RFC 5280 section 5.2.3).
    pub number: u64,
    /// When it is made.
    pub this_update: Timestamp,
    /// When the next one is made at the latest.
    pub next_update: Timestamp,
    /// The revoked certificates.
    pub entries: Vec<Entry>,
}

/// Invents entries, to try out and to measure what long lists do: random serial numbers of 128 bits, dates in the year
/// before `now`, reasons for half of them. The same seed gives the same serials.
pub fn invented(count: u32, seed: u64, now: Timestamp) -> impl Iterator<Item = Entry> {
    const YEAR: i64 = 365 * 24 * 3600;
    (0..count).filter_map(move |index| {
        let digest = sha256(&[&seed.to_be_bytes()[..], &index.to_be_bytes()].concat());
        let (serial, rest) = digest.split_first_chunk::<16>()?;
        let (age, rest) = rest.split_first_chunk::<4>()?;
        let reason = rest.split_first_chunk::<4>().map_or(0, |(bytes, _)| u32::from_be_bytes(*bytes));
        // Every other entry has none.
        let reason = usize::try_from(reason / 2).ok().filter(|_| reason % 2 == 1);
        let reason = reason.and_then(|n| RevocationReason::ALL.get(n % RevocationReason::ALL.len()));
        Some(Entry {
            serial: Serial::from_be_bytes(serial)?,
            revoked_at: now - SignedDuration::from_secs(i64::from(u32::from_be_bytes(*age)) % YEAR),
            reason: reason.copied().unwrap_or_default(),
        })
    })
}

/// Makes and signs the list; the result is DER.
///
/// # Errors
/// [`Error::Issue`] where nextUpdate is not after thisUpdate or encoding failed, [`Error::Key`] where signing failed.
pub fn issue(issuer: &Issuer<'_>, content: &Content) -> Result<Vec<u8>> {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let revoked = content.entries.iter().map(|entry| {
        Ok(RevokedCertParams {
            serial_number: SerialNumber::from_slice(entry.serial.as_bytes()),
            revocation_time: epoch + since_1970(entry.revoked_at)?,
            reason_code: Some(entry.reason.into()),
            invalidity_date: None,
        })
    });
    let adapter = Adapter::new(issuer.signer());
    let key_id = issuer.facts().subject_key_id.clone().ok_or_else(|| Error::Issue {
        what: "a revocation list",
        why: "the CA's certificate has no subject key identifier".to_owned(),
    })?;
    let params = CertificateRevocationListParams {
        this_update: epoch + since_1970(content.this_update)?,
        next_update: epoch + since_1970(content.next_update)?,
        crl_number: SerialNumber::from(content.number),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect::<Result<_>>()?,
        key_identifier_method: KeyIdMethod::PreSpecified(key_id),
    };
    let signed = params.signed_by(&issuer.to_rcgen(&adapter)?);
    Ok(adapter.checked("a revocation list", signed)?.der().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_as_people_type_them() {
        for reason in RevocationReason::ALL {
            assert_eq!(RevocationReason::parse(reason.as_str()).unwrap(), *reason);
            assert_eq!(RevocationReason::from_code(reason.code()), Some(*reason));
        }
        for text in ["keycompromise", "key-compromise", "KEY_COMPROMISE", "keyCompromise"] {
            assert_eq!(RevocationReason::parse(text).unwrap(), RevocationReason::KeyCompromise);
        }
        for bad in ["", "removeFromCRL", "key compromise", "1"] {
            let error = RevocationReason::parse(bad).unwrap_err();
            assert!(error.is_usage() && error.hint().unwrap().contains("cACompromise"), "{bad}");
        }
        assert_eq!(RevocationReason::from_code(7), None);
    }
}
