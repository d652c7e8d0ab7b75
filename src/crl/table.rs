//! Serial numbers of revoked certificates, compact and quick to search.
//!
//! A list of a million entries is asked on every request, mostly for serials that are not on it, and little of it is in
//! the processor's caches by then. So a look-up should touch as few places in memory as possible. The records lie in one
//! block, ordered by a hash of their serial numbers. A small directory says where the records of each range of hashes (a
//! bucket) begin, and with the same read what cannot be among them: a Bloom filter of 32 bits. The directory of a million
//! entries has 2.7 MB, so for most serials that are not on the list a cache has the answer; for one that is, the records
//! to search lie side by side.
//!
//! A record takes its serial number and [`HEADER`]: 23 bytes for 128 bits of serial, about half of its DER. The list's own
//! bytes are overwritten by the records in their first order, from which they are then put into that of the hashes:
//! building never needs more than the DER, or twice the records if that is more.

use super::{CrlError, Entry, RevocationReason, Revoked, entry::MAX_SERIAL, memory::allocate};
use crate::der::{self, Reader, SEQUENCE};
use foldhash::{SharedSeed, quality::SeedableRandomState};
use jiff::Timestamp;
use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    ops::Range,
    sync::LazyLock,
};

/// One more than the length of the serial (0 is never the begin of a record), reason, seconds since 1970 in 40 bits (the
/// year 9999 needs 38, and a sign).
const HEADER: usize = 1 + 1 + 5;
const MAX_RECORD: usize = HEADER + MAX_SERIAL;
/// Records in a bucket, on average.
const PER_BUCKET: usize = 3;
/// A bucket with more bytes than this did not come about by chance, but of one serial listed again and again. From here
/// on repetitions are left out, so that nobody has to search through them.
const CROWDED: usize = 40 * MAX_RECORD;
/// Bytes of records that are put in order at a time: what a core's own cache holds, and some.
const PARTITION: usize = 128 << 10;

pub(super) struct Table {
    hasher: Hasher,
    /// One more than there are buckets: each ends where the next one begins.
    buckets: Box<[Bucket]>,
    records: Box<[u8]>,
    /// The number of entries in the list.
    len: usize,
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    /// Where in the records it begins. Offsets fit, as records are shorter than the entries of a list of
    /// [`super::MAX_BYTES`].
    start: u32,
    /// The bits of [`Place::filter`] of all its records.
    filter: u32,
}

impl Table {
    /// Of the content of a sequence of entries that others need, too.
    pub(super) fn of(entries: &[u8]) -> Result<Self, CrlError> {
        Self::build(entries.to_vec(), 0..entries.len())
    }

    /// Of the content of a sequence of entries that is at `entries` in `bytes`.
    pub(super) fn build(mut bytes: Vec<u8>, entries: Range<usize>) -> Result<Self, CrlError> {
        let len = condense(&mut bytes, entries)?;
        let hasher = Hasher::new();
        let buckets = order(&mut bytes, len, &hasher).ok_or(CrlError::Malformed("too many entries"))?;
        Ok(Self { hasher, buckets, records: bytes.into(), len })
    }

    /// The number of entries of the list.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Looks up a serial number given big-endian without leading zeros. Of several entries the first one counts.
    pub(super) fn get(&self, serial: &[u8]) -> Option<Revoked> {
        let place = self.hasher.place(serial);
        let bucket = place.among(self.buckets.len() - 1)?;
        let [bucket, next] = self.buckets.get(bucket..)?.first_chunk::<2>()?;
        if bucket.filter & place.filter() != place.filter() {
            return None;
        }
        let records = self.records.get(usize::try_from(bucket.start).ok()?..usize::try_from(next.start).ok()?)?;
        Records(records).find(|record| record.serial() == serial)?.revoked()
    }
}

/// Keyed at random, though it is the CA that chooses the serials.
struct Hasher(SeedableRandomState);

impl Hasher {
    fn new() -> Self {
        // The standard library's keys come from the operating system.
        fn random() -> u64 {
            RandomState::new().hash_one(0)
        }
        static SHARED: LazyLock<SharedSeed> = LazyLock::new(|| SharedSeed::from_u64(random()));
        Self(SeedableRandomState::with_seed(random(), &SHARED))
    }

    fn place(&self, serial: &[u8]) -> Place {
        let mut state = self.0.build_hasher();
        state.write(serial);
        Place(state.finish())
    }
}

/// The hash of a serial number.
#[derive(Clone, Copy)]
struct Place(u64);

impl Place {
    /// The number of the range that it is in, of `ranges` equal ones. Among `n` times as many, those of one of these
    /// follow each other.
    fn among(self, ranges: usize) -> Option<usize> {
        usize::try_from(((self.0 >> 32) * u64::try_from(ranges).ok()?) >> 32).ok()
    }

    /// Up to three bits of 32, by parts of the hash that tell little of the range.
    fn filter(self) -> u32 {
        [0, 5, 10].into_iter().fold(0, |bits, shift| bits | 1 << (self.0 >> shift & 31))
    }
}

/// Overwrites a list by the records of its entries, in their order, and returns how many there are. Every entry is
/// checked.
fn condense(bytes: &mut Vec<u8>, entries: Range<usize>) -> Result<usize, CrlError> {
    let (mut read, mut written, mut len) = (entries.start, 0, 0);
    while read < entries.end {
        let element = Reader::new(bytes.get(read..entries.end).unwrap_or_default()).expect_element(SEQUENCE)?;
        read += element.whole.len();
        len += 1;
        let entry = Entry::decode(element.content)?;
        // No certificate that anybody accepts has a negative serial number: there is nothing to be looked up.
        let Some(serial) = der::magnitude(entry.integer) else { continue };
        let (record, size) = record(serial, entry.revoked());
        // An entry has a header, a header of its serial, and a date of at least 15 bytes: a record is always shorter.
        let place = bytes.get_mut(written..written + size).ok_or(der::BadDer)?;
        place.copy_from_slice(record.get(..size).unwrap_or_default());
        written += size;
    }
    bytes.truncate(written);
    bytes.shrink_to_fit();
    Ok(len)
}

/// Puts the records of `len` entries into the order of their hashes. `None` where their places cannot be numbered.
///
/// Each belongs into some other place in memory, which a processor would wait for. So they are first dealt out to
/// partitions, few enough to write to all of them at once, which are then small enough to be ordered in a cache.
fn order(records: &mut [u8], len: usize, hasher: &Hasher) -> Option<Box<[Bucket]>> {
    let partitions = records.len() / PARTITION + 1;
    let per_partition = len / PER_BUCKET / partitions + 1;
    let mut free = vec![0; partitions];
    for record in Records(records) {
        *free.get_mut(hasher.place(record.serial()).among(partitions)?)? += record.0.len();
    }
    let mut end = 0;
    for free in &mut free {
        end += *free;
        *free = end - *free;
    }
    let mut dealt = allocate(records.len());
    dealt.resize(records.len(), 0);
    for record in Records(records) {
        let free = free.get_mut(hasher.place(record.serial()).among(partitions)?)?;
        dealt.get_mut(*free..)?.get_mut(..record.0.len())?.copy_from_slice(record.0);
        *free += record.0.len();
    }
    records.fill(0);
    let mut buckets = vec![Bucket::default(); partitions * per_partition + 1];
    let all = buckets.len() - 1;
    let mut start = 0;
    // Each partition ends where its free space begins now.
    for (number, end) in free.into_iter().enumerate() {
        let first = number * per_partition;
        let part = Part { hasher, all, first, offset: u32::try_from(start).ok()? };
        part.order(
            dealt.get(start..end)?,
            records.get_mut(start..end)?,
            buckets.get_mut(first..first + per_partition)?,
        )?;
        start = end;
    }
    *buckets.last_mut()? = Bucket { start: u32::try_from(start).ok()?, filter: 0 };
    Some(buckets.into())
}

/// A range of buckets and their records.
struct Part<'a> {
    hasher: &'a Hasher,
    /// The number of all buckets, that of the first one here, and where the records here begin.
    all: usize,
    first: usize,
    offset: u32,
}

impl Part<'_> {
    fn order(&self, from: &[u8], to: &mut [u8], buckets: &mut [Bucket]) -> Option<()> {
        let place = |record: Record<'_>| {
            let place = self.hasher.place(record.serial());
            Some((place.among(self.all)?.checked_sub(self.first)?, place.filter()))
        };
        for record in Records(from) {
            let (number, filter) = place(record)?;
            let bucket = buckets.get_mut(number)?;
            bucket.start += u32::try_from(record.0.len()).ok()?;
            bucket.filter |= filter;
        }
        let mut end = self.offset;
        for bucket in &mut *buckets {
            let start = end;
            end = end.checked_add(bucket.start)?;
            bucket.start = start;
        }
        let mut free: Vec<u32> = buckets.iter().map(|bucket| bucket.start - self.offset).collect();
        for record in Records(from) {
            let (number, _) = place(record)?;
            let (bucket, free) = (buckets.get(number)?, free.get_mut(number)?);
            let (start, end) = (usize::try_from(bucket.start - self.offset).ok()?, usize::try_from(*free).ok()?);
            let crowded = end - start > CROWDED;
            if crowded && Records(to.get(start..end)?).any(|other| other.serial() == record.serial()) {
                continue;
            }
            to.get_mut(end..)?.get_mut(..record.0.len())?.copy_from_slice(record.0);
            *free += u32::try_from(record.0.len()).ok()?;
        }
        Some(())
    }
}

/// Encodes an entry as a record of that many bytes.
fn record(serial: &[u8], Revoked { date, reason }: Revoked) -> ([u8; MAX_RECORD], usize) {
    let mut bytes = [0; MAX_RECORD];
    let [s0, s1, s2, s3, s4, ..] = date.as_second().to_le_bytes();
    let (header, place) = bytes.split_at_mut(HEADER);
    header.copy_from_slice(&[u8::try_from(serial.len() + 1).unwrap_or_default(), reason.code(), s0, s1, s2, s3, s4]);
    place.iter_mut().zip(serial).for_each(|(to, from)| *to = *from);
    (bytes, HEADER + serial.len())
}

/// Header and serial number.
#[derive(Clone, Copy)]
struct Record<'a>(&'a [u8]);

impl<'a> Record<'a> {
    fn serial(self) -> &'a [u8] {
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

/// Splits bytes into records.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let len = usize::from(*self.0.first()?).checked_sub(1)?;
        let (record, rest) = self.0.split_at_checked(HEADER + len)?;
        self.0 = rest;
        Some(Record(record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn entry(integer: &[u8], reason: u8) -> Vec<u8> {
        let date = format!("2501{:02}000000Z", reason + 1);
        let mut content = der::wrap(der::INTEGER, integer).unwrap();
        content.extend(der::wrap(der::UTC_TIME, date.as_bytes()).unwrap());
        let code = [0x30, 0x0c, 0x30, 0x0a, 6, 3, 0x55, 0x1d, 21, 4, 3, 10, 1, reason];
        content.extend(&code[..if reason == 0 { 0 } else { code.len() }]);
        der::wrap(SEQUENCE, &content).unwrap()
    }

    #[test]
    fn a_serial_that_is_listed_for_ever_is_kept_a_few_times() {
        let mut list = entry(&[7], 1);
        for n in 0..100_000u32 {
            list.extend(entry(&[7], 5));
            if n % 100 == 0 {
                list.extend(entry(&[&[1], &n.to_be_bytes()[..]].concat(), 2));
            }
        }
        let table = Table::of(&list).unwrap();
        assert_eq!(table.len(), 101_001);
        assert_eq!(table.get(&[7]).unwrap().reason, RevocationReason::KeyCompromise);
        for n in 0..100_000u32 {
            let serial = [&[1], &n.to_be_bytes()[..]].concat();
            assert_eq!(table.get(&serial).is_some(), n % 100 == 0, "{n}");
        }
        let at = |bucket: &Bucket| usize::try_from(bucket.start).unwrap();
        let longest = table.buckets.windows(2).map(|b| Records(&table.records[at(&b[0])..at(&b[1])]).count());
        assert!(longest.max().unwrap() < 200);
    }

    #[test]
    fn small_lists_are_small() {
        let empty = Table::of(&[]).unwrap();
        assert_eq!((empty.len(), empty.buckets.len(), empty.records.len()), (0, 2, 0));
        assert!(empty.get(&[]).is_none() && empty.get(&[1]).is_none());
        let zero = Table::of(&entry(&[0], 0)).unwrap();
        assert!(zero.get(&[]).is_some() && zero.get(&[0]).is_none());
    }

    #[test]
    fn all_times_of_a_list_come_back() {
        for time in ["0000-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "9999-12-30T22:00:00Z"] {
            let revoked = Revoked { date: time.parse().unwrap(), reason: RevocationReason::Superseded };
            let (bytes, size) = record(&[1; MAX_SERIAL], revoked);
            assert_eq!(size, MAX_RECORD);
            assert_eq!(Record(&bytes).revoked(), Some(revoked));
        }
    }

    proptest! {
        #[test]
        fn agrees_with_a_plain_map(
            entries in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..=20), 0u8..7), 0..300),
            others in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..=22), 0..50),
        ) {
            let mut plain = HashMap::new();
            let mut list = Vec::new();
            for (serial, reason) in &entries {
                let significant = &serial[serial.iter().position(|&b| b != 0).unwrap_or(serial.len())..];
                let sign: &[u8] = if significant.first().is_none_or(|&b| b >= 0x80) { &[0] } else { &[] };
                list.extend(entry(&[sign, significant].concat(), *reason));
                plain.entry(significant.to_vec()).or_insert(*reason);
            }
            let table = Table::of(&list).unwrap();
            prop_assert_eq!(table.len(), entries.len());
            for serial in plain.keys().chain(&others) {
                let found = table.get(serial).map(|revoked| revoked.reason.code());
                prop_assert_eq!(found, plain.get(serial).copied(), "{:?}", serial);
            }
        }
    }
}
