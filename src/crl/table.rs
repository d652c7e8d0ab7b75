//! Serial numbers of revoked certificates, compact and quick to search.
//!
//! A list of a million entries is asked on every request, mostly for serials that are not on it. The records lie in
//! one block of bytes in the order of the list, and a hash table holds where. It keeps a byte of each hash apart from
//! the rest, so a serial that is not on the list is nearly always told by one cache line of those bytes alone. All in
//! all an entry takes about 40 bytes, less than in DER; the DER itself is not kept.

use super::{CrlError, Entries, RevocationReason, Revoked, entry::MAX_SERIAL};
use hashbrown::HashTable;
use jiff::Timestamp;
use std::hash::{BuildHasher as _, RandomState};

/// Length of the serial, reason, seconds since 1970.
const HEADER: usize = 1 + 1 + 8;

/// So many entries are read before they are put into the hash table. Each goes to a place of its own in memory, and a
/// processor waits for many such places at once if nothing else comes in between: a million entries take half the time.
const BATCH: usize = 1024;

pub(super) struct Table {
    /// Keyed at random: whoever asks for certificates may have a say in their serials.
    hasher: RandomState,
    /// Where each record starts. Offsets fit, as records are no longer than the entries of a list of
    /// [`super::MAX_BYTES`], which have headers of their own.
    starts: HashTable<u32>,
    records: Box<[u8]>,
}

impl Table {
    /// `entries` is the content of a revokedCertificates sequence that was decoded without error and counted.
    pub(super) fn build(entries: &[u8], count: usize) -> Result<Self, CrlError> {
        const TOO_LARGE: CrlError = CrlError::Malformed("too many entries");
        let hasher = RandomState::new();
        let mut starts = HashTable::with_capacity(count);
        // Most issuers' serials are all of one length, so the first entry's is a fair guess.
        let first = Entries::new(entries).next().map_or(0, |entry| entry.integer.len());
        let mut records = Vec::with_capacity(count * (HEADER + first));
        let mut batch = Vec::with_capacity(BATCH);
        let mut entries = Entries::new(entries).peekable();
        while entries.peek().is_some() {
            for entry in entries.by_ref().take(BATCH) {
                let start = u32::try_from(records.len()).map_err(|_| TOO_LARGE)?;
                let Revoked { date, reason } = entry.revoked();
                records.push(u8::try_from(entry.integer.len()).map_err(|_| TOO_LARGE)?);
                records.push(reason.code());
                records.extend_from_slice(&date.as_second().to_le_bytes());
                records.extend_from_slice(entry.integer);
                batch.push((hasher.hash_one(entry.integer), start));
            }
            for (hash, start) in batch.drain(..) {
                let rehash = |&start: &u32| record_at(&records, start).map_or(0, |(serial, _)| hasher.hash_one(serial));
                starts.insert_unique(hash, start, rehash);
            }
        }
        Ok(Self { hasher, starts, records: records.into() })
    }

    /// Looks up a serial number given big-endian without leading zeros.
    pub(super) fn get(&self, serial: &[u8]) -> Option<Revoked> {
        // The table holds what the list holds: two's complement, so a high bit needs a zero before it.
        let mut buffer = [0; MAX_SERIAL];
        let padding = usize::from(serial.first().is_none_or(|&first| first >= 0x80));
        let integer = buffer.get_mut(..padding + serial.len())?;
        integer.get_mut(padding..)?.copy_from_slice(serial);
        let integer = &*integer;

        let is_it = |&start: &u32| record_at(&self.records, start).is_some_and(|(candidate, _)| candidate == integer);
        let start = self.starts.find(self.hasher.hash_one(integer), is_it)?;
        record_at(&self.records, *start).map(|(_, revoked)| revoked)
    }
}

/// The serial number's INTEGER content, and the rest.
fn record_at(records: &[u8], start: u32) -> Option<(&[u8], Revoked)> {
    let record = records.get(usize::try_from(start).ok()?..)?;
    let (header, rest) = record.split_first_chunk::<HEADER>()?;
    let [length, reason, seconds @ ..] = header;
    let integer = rest.get(..usize::from(*length))?;
    let date = Timestamp::from_second(i64::from_le_bytes(*seconds)).ok()?;
    let reason = RevocationReason::from_code(*reason).unwrap_or(RevocationReason::Unspecified);
    Some((integer, Revoked { date, reason }))
}
