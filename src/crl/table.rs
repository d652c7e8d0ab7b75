//! Serial numbers of revoked certificates, compact and quick to search.
//!
//! A list of a million entries is asked on every request, mostly for serials that are not on it. The records lie in
//! one block of bytes, ordered by the bucket that their serial hashes to, and a bucket holds two records on average:
//! a lookup reads one word of the directory and one or two cache lines of records. It takes about 30 bytes an entry,
//! half of what the DER takes; the DER itself is not kept.

use super::{
    CrlError, Entries, RevocationReason, Revoked,
    entry::{MAX_SERIAL, next_serial},
};
use jiff::Timestamp;
use std::hash::{BuildHasher as _, RandomState};

/// Length of the serial, reason, seconds since 1970.
const HEADER: usize = 1 + 1 + 8;

pub(super) struct Table {
    /// Keyed at random: the serials may be chosen by whoever asks for certificates.
    hasher: RandomState,
    /// Where each bucket's records start; one more than there are buckets. Offsets fit, as [`super::MAX_BYTES`] does.
    starts: Box<[u32]>,
    records: Box<[u8]>,
}

impl Table {
    /// `entries` is the content of a revokedCertificates sequence that was decoded without error and counted.
    pub(super) fn build(entries: &[u8], count: usize) -> Result<Self, CrlError> {
        const TOO_LARGE: CrlError = CrlError::Malformed("too many entries");
        let hasher = RandomState::new();
        let buckets = (count / 2).next_power_of_two();
        let mut starts = vec![0u32; buckets + 1];
        let mut bucket_of = Vec::with_capacity(count);

        // First pass: how many bytes go into each bucket.
        let mut reader = Entries::new(entries);
        for _ in 0..count {
            let serial = next_serial(&mut reader)?;
            let bucket = bucket(&hasher, serial, buckets);
            bucket_of.push(u32::try_from(bucket).map_err(|_| TOO_LARGE)?);
            let size = u32::try_from(HEADER + serial.len()).map_err(|_| TOO_LARGE)?;
            if let Some(end) = starts.get_mut(bucket) {
                *end = end.checked_add(size).ok_or(TOO_LARGE)?;
            }
        }
        let mut total = 0u32;
        for start in &mut starts {
            let size = std::mem::replace(start, total);
            total = total.checked_add(size).ok_or(TOO_LARGE)?;
        }

        // Second pass: put each record where its bucket's next one goes.
        let mut next = starts.clone();
        let mut records = vec![0u8; usize::try_from(total).map_err(|_| TOO_LARGE)?];
        for (entry, bucket) in Entries::new(entries).zip(bucket_of) {
            let bucket = usize::try_from(bucket).map_err(|_| TOO_LARGE)?;
            let at = next.get_mut(bucket).ok_or(TOO_LARGE)?;
            let start = usize::try_from(*at).map_err(|_| TOO_LARGE)?;
            let end = start + HEADER + entry.integer.len();
            write_record(records.get_mut(start..end).ok_or(TOO_LARGE)?, entry.integer, entry.revoked());
            *at = u32::try_from(end).map_err(|_| TOO_LARGE)?;
        }
        Ok(Self { hasher, starts: starts.into(), records: records.into() })
    }

    /// Looks up a serial number given big-endian without leading zeros.
    pub(super) fn get(&self, serial: &[u8]) -> Option<Revoked> {
        // The table holds what the list holds: two's complement, so a high bit needs a zero before it.
        let mut buffer = [0; MAX_SERIAL];
        let padding = usize::from(serial.first().is_none_or(|&first| first >= 0x80));
        let integer = buffer.get_mut(..padding + serial.len())?;
        integer.get_mut(padding..)?.copy_from_slice(serial);
        let integer = &*integer;

        let bucket = bucket(&self.hasher, integer, self.starts.len() - 1);
        let &[start, end] = self.starts.get(bucket..)?.first_chunk::<2>()?;
        let mut records = self.records.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?;
        loop {
            let (header, rest) = records.split_first_chunk::<HEADER>()?;
            let [length, reason, seconds @ ..] = header;
            let (candidate, rest) = rest.split_at_checked(usize::from(*length))?;
            if candidate == integer {
                let date = Timestamp::from_second(i64::from_le_bytes(*seconds)).unwrap_or(Timestamp::MIN);
                let reason = RevocationReason::from_code(*reason).unwrap_or(RevocationReason::Unspecified);
                return Some(Revoked { date, reason });
            }
            records = rest;
        }
    }

    /// The memory that it holds, in bytes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.records.len() + self.starts.len() * size_of::<u32>()
    }
}

/// `buckets` is a power of two.
fn bucket(hasher: &RandomState, serial: &[u8], buckets: usize) -> usize {
    // Only the low bits are kept, so a hash that does not fit a usize loses nothing that matters.
    let hash = hasher.hash_one(serial) & u64::from(u32::MAX);
    usize::try_from(hash).unwrap_or_default() & (buckets - 1)
}

fn write_record(record: &mut [u8], serial: &[u8], revoked: Revoked) {
    let Some((header, to)) = record.split_first_chunk_mut::<HEADER>() else { return };
    let [length, reason, seconds @ ..] = header;
    *length = u8::try_from(serial.len()).unwrap_or_default();
    *reason = revoked.reason.code();
    *seconds = revoked.date.as_second().to_le_bytes();
    to.copy_from_slice(serial);
}
