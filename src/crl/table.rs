//! Serial numbers of revoked certificates, compact and quick to search.
//!
//! A list of a million entries is asked on every request, mostly for serials that are not on it, and nothing of it is in
//! the processor's caches by then. So a look-up should touch as few places in memory as possible: the table is one block
//! of records, ordered by a hash of the serial number, and a small directory that says where the records of each range
//! of hashes begin. The directory of a million entries is 1 MB, and the four or so records of a range lie side by side.
//!
//! An entry takes its serial number, [`HEADER`] and one byte of directory: 24 bytes for 128 bits of serial, half of its
//! DER. The list's own bytes are overwritten by the records in their first order, from which they are then put into
//! that of the hashes: building never needs more than the DER, or twice the records if that is more.

use super::{CrlError, Entry, RevocationReason, Revoked, entry::MAX_SERIAL};
use crate::der::{Reader, SEQUENCE};
use foldhash::{SharedSeed, quality::SeedableRandomState};
use jiff::Timestamp;
use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    ops::Range,
    sync::LazyLock,
};

/// Length of the serial, reason, seconds since 1970 in 40 bits (the year 9999 needs 38, and a sign).
const HEADER: usize = 1 + 1 + 5;
const MAX_RECORD: usize = HEADER + MAX_SERIAL;
/// Records in a range of hashes, on average.
const PER_BUCKET: usize = 4;
/// A range with more bytes than this did not come about by chance, but of one serial listed again and again. From here
/// on repetitions are left out, so that nobody has to search through them.
const CROWDED: usize = 40 * MAX_RECORD;

pub(super) struct Table {
    /// Keyed at random, though it is the CA that chooses the serials.
    hasher: SeedableRandomState,
    /// Where in `records` each bucket starts, and at last where the last one ends. Offsets fit, as records are shorter
    /// than the entries of a list of [`super::MAX_BYTES`].
    starts: Box<[u32]>,
    records: Box<[u8]>,
    len: usize,
}

impl Table {
    /// Of the content of a sequence of entries that others need, too.
    pub(super) fn of(entries: &[u8]) -> Result<Self, CrlError> {
        Self::build(entries.to_vec(), 0..entries.len())
    }

    /// Of the content of a sequence of entries that is at `entries` in `bytes`.
    pub(super) fn build(mut bytes: Vec<u8>, entries: Range<usize>) -> Result<Self, CrlError> {
        let len = condense(&mut bytes, entries)?;
        Self::place(&bytes, len).ok_or(CrlError::Malformed("too many entries"))
    }

    /// Orders records by hash. `None` where their places cannot be numbered.
    fn place(condensed: &[u8], len: usize) -> Option<Self> {
        let hasher = new_hasher();
        let buckets = len / PER_BUCKET + 1;
        let mut starts = vec![0u32; buckets + 1];
        let all = || Records(condensed);
        for record in all() {
            let size = starts.get_mut(bucket(&hasher, record.integer(), buckets)? + 1)?;
            *size = size.checked_add(u32::try_from(record.0.len()).ok()?)?;
        }
        let mut end = 0u32;
        for start in &mut starts {
            end = end.checked_add(*start)?;
            *start = end;
        }
        let mut free = starts.clone();
        let mut records = vec![0u8; condensed.len()];
        for record in all() {
            let bucket = bucket(&hasher, record.integer(), buckets)?;
            let (start, free) = (usize::try_from(*starts.get(bucket)?).ok()?, free.get_mut(bucket)?);
            let place = usize::try_from(*free).ok()?;
            let crowded = place - start > CROWDED;
            if crowded && Records(records.get(start..place)?).any(|other| other.integer() == record.integer()) {
                continue;
            }
            records.get_mut(place..)?.get_mut(..record.0.len())?.copy_from_slice(record.0);
            *free += u32::try_from(record.0.len()).ok()?;
        }
        Some(Self { hasher, starts: starts.into(), records: records.into(), len })
    }

    /// The number of entries of the list.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Looks up a serial number given big-endian without leading zeros. Of several entries the first one counts.
    pub(super) fn get(&self, serial: &[u8]) -> Option<Revoked> {
        // The table holds what the list holds: two's complement, so a high bit needs a zero before it.
        let mut buffer = [0; MAX_SERIAL];
        let padding = usize::from(serial.first().is_none_or(|&first| first >= 0x80));
        let integer = buffer.get_mut(..padding + serial.len())?;
        integer.get_mut(padding..)?.copy_from_slice(serial);
        let integer = &*integer;

        let bucket = bucket(&self.hasher, integer, self.starts.len() - 1)?;
        let start = usize::try_from(*self.starts.get(bucket)?).ok()?;
        let end = usize::try_from(*self.starts.get(bucket + 1)?).ok()?;
        Records(self.records.get(start..end)?).find(|record| record.integer() == integer)?.revoked()
    }
}

fn new_hasher() -> SeedableRandomState {
    // The standard library's keys come from the operating system.
    fn random() -> u64 {
        RandomState::new().hash_one(0)
    }
    static SHARED: LazyLock<SharedSeed> = LazyLock::new(|| SharedSeed::from_u64(random()));
    SeedableRandomState::with_seed(random(), &SHARED)
}

/// The number of the bucket among `buckets` that a serial number belongs into: the hash, scaled.
fn bucket(hasher: &SeedableRandomState, integer: &[u8], buckets: usize) -> Option<usize> {
    let mut state = hasher.build_hasher();
    state.write(integer);
    usize::try_from(((state.finish() >> 32) * u64::try_from(buckets).ok()?) >> 32).ok()
}

/// Overwrites a list by the records of its entries, in their order, and returns how many there are. Every entry is
/// checked.
fn condense(bytes: &mut Vec<u8>, entries: Range<usize>) -> Result<usize, CrlError> {
    let (mut read, mut written, mut len) = (entries.start, 0, 0);
    while read < entries.end {
        let element = Reader::new(bytes.get(read..entries.end).unwrap_or_default()).expect_element(SEQUENCE)?;
        read += element.whole.len();
        let (record, size) = record(&Entry::decode(element.content)?);
        // An entry has a header, a header of its serial, and a date of at least 15 bytes: a record is always shorter.
        let place = bytes.get_mut(written..written + size).ok_or(crate::der::BadDer)?;
        place.copy_from_slice(record.get(..size).unwrap_or_default());
        written += size;
        len += 1;
    }
    bytes.truncate(written);
    bytes.shrink_to_fit();
    Ok(len)
}

/// Encodes an entry as a record of that many bytes.
fn record(entry: &Entry<'_>) -> ([u8; MAX_RECORD], usize) {
    let mut bytes = [0; MAX_RECORD];
    let Revoked { date, reason } = entry.revoked();
    let [s0, s1, s2, s3, s4, ..] = date.as_second().to_le_bytes();
    let serial = entry.integer.get(..entry.integer.len().min(MAX_SERIAL)).unwrap_or_default();
    let (header, place) = bytes.split_at_mut(HEADER);
    let len = u8::try_from(serial.len()).unwrap_or_default();
    header.copy_from_slice(&[len, reason.code(), s0, s1, s2, s3, s4]);
    place.iter_mut().zip(serial).for_each(|(to, from)| *to = *from);
    (bytes, HEADER + serial.len())
}

/// Header and INTEGER content of a serial number.
#[derive(Clone, Copy)]
struct Record<'a>(&'a [u8]);

impl<'a> Record<'a> {
    fn integer(self) -> &'a [u8] {
        self.0.get(HEADER..).unwrap_or_default()
    }

    fn revoked(self) -> Option<Revoked> {
        let [_, reason, s0, s1, s2, s3, s4, ..] = *self.0 else { return None };
        // The sign is in the highest bit.
        let seconds = i64::from_le_bytes([0, 0, 0, s0, s1, s2, s3, s4]) >> 24;
        Some(Revoked {
            date: Timestamp::from_second(seconds).ok()?,
            reason: RevocationReason::from_code(reason).unwrap_or_default(),
        })
    }
}

/// Splits bytes into records. A length of zero, which no serial number has, ends them.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let len = usize::from(*self.0.first().filter(|&&len| len != 0)?);
        let (record, rest) = self.0.split_at_checked(HEADER + len)?;
        self.0 = rest;
        Some(Record(record))
    }
}
