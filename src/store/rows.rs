//! Reading the rows of `ca.db`.

use super::record::{CertificateRecord, ClientRecord, Kind, Revocation};
use crate::{
    cert::{Serial, Subject},
    crl::issue::RevocationReason,
    der::{BadDer, CONTEXT_0, Reader, SEQUENCE},
    scope::Scopes,
};
use jiff::Timestamp;
use rusqlite::Row;

pub(super) fn client(row: &Row<'_>) -> rusqlite::Result<ClientRecord> {
    Ok(ClientRecord { name: row.get(0)?, spki: row.get(1)?, scopes: scopes(row, 2)?, updated_at: time(row, 3)? })
}

pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<CertificateRecord> {
    let client: Option<String> = row.get(1)?;
    let (kind, name) = match client {
        Some(name) => (Kind::Client, name),
        None => (Kind::Ca, row.get(2)?),
    };
    let common_name: String = row.get(3)?;
    let organization: Option<String> = row.get(4)?;
    let revoked_at: Option<i64> = row.get(9)?;
    let revocation = match revoked_at {
        Some(_) => Some(Revocation { at: time(row, 9)?, reason: reason(row, 10)? }),
        None => None,
    };
    Ok(CertificateRecord {
        serial: serial(row, 0)?,
        kind,
        name,
        subject: Subject::new(&common_name, organization.as_deref()).map_err(|e| corrupt(3, e))?,
        scopes: scopes(row, 5)?,
        not_before: time(row, 6)?,
        not_after: time(row, 7)?,
        issued_at: time(row, 8)?,
        revocation,
    })
}

fn corrupt(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Null, Box::new(error))
}

fn out_of_range(column: usize) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Null, "out of range".into())
}

pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_second(row.get(column)?).map_err(|e| corrupt(column, e))
}

pub(super) fn positive(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|e| corrupt(column, e))
}

pub(super) fn serial(row: &Row<'_>, column: usize) -> rusqlite::Result<Serial> {
    let bytes: Vec<u8> = row.get(column)?;
    Serial::from_be_bytes(&bytes).ok_or_else(|| out_of_range(column))
}

pub(super) fn reason(row: &Row<'_>, column: usize) -> rusqlite::Result<RevocationReason> {
    RevocationReason::from_code(row.get(column)?).ok_or_else(|| out_of_range(column))
}

pub(super) fn scopes(row: &Row<'_>, column: usize) -> rusqlite::Result<Scopes> {
    let text: String = row.get(column)?;
    Scopes::parse(&text).map_err(|e| corrupt(column, e))
}

/// The SubjectPublicKeyInfo of the certificate in that column. Nothing else of it is read: there may be very many.
pub(super) fn spki(der: &[u8], column: usize) -> rusqlite::Result<&[u8]> {
    let find = || {
        let certificate = Reader::new(der).expect(SEQUENCE)?;
        let mut fields = Reader::new(Reader::new(certificate).expect(SEQUENCE)?);
        // The version; then serial number, algorithm, issuer, validity and subject (RFC 5280 section 4.1).
        fields.optional(CONTEXT_0)?;
        for _ in 0..5 {
            fields.element()?;
        }
        Ok::<_, BadDer>(fields.element()?.whole)
    };
    find().map_err(|_| out_of_range(column))
}
